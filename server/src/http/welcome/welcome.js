import { words } from './words.js';

const find = (selector, within = document) => within.querySelector(selector);
const views = ['setup', 'sign-in', 'home', 'broken'];
const languageKey = 'gapura.language';

let language = localStorage.getItem(languageKey) ?? (navigator.language.startsWith('id') ? 'id' : 'en');
let session = null;

function speak() {
  const spoken = words[language];
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-word]')) element.textContent = spoken[element.dataset.word];
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.dataset.language === language));
  }
  if (session !== null) find('#home-role').textContent = spoken.roles[session.role];
}

function show(view) {
  for (const id of views) find(`#${id}`).hidden = id !== view;
  find(`#${view} input:not([value])`)?.focus();
}

/** @returns {Promise<{ok: boolean, status: number, body: any}>} */
async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { ok: response.ok, status: response.status, body: text === '' ? null : JSON.parse(text) };
}

function showHome(found) {
  session = found;
  const name = found.user?.name || '';
  find('#who').textContent = name === '' ? '' : `, ${name}`;
  find('#home-email').textContent = found.user?.email ?? found.apiKey?.name ?? '';
  find('#home-tenant').textContent = found.tenant.name;
  speak();
  show('home');
}

function showFault(view, problem) {
  const fault = find('.fault', view);
  fault.textContent = words[language].problems[problem.code] ?? problem.detail ?? problem.title;
  fault.hidden = false;
}

/** Sends a form as JSON; empty fields are left out. */
function onSubmit(id, path, extra = () => ({})) {
  const form = find(id);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = find('button.main', form);
    const fields = [...new FormData(form)].filter(([, value]) => value !== '');
    find('.fault', form).hidden = true;
    button.disabled = true;
    try {
      const { ok, body } = await call('POST', path, { ...Object.fromEntries(fields), ...extra() });
      if (!ok) {
        showFault(form, body);
        return;
      }
      form.reset();
      history.replaceState(null, '', '/');
      showHome(body);
    } catch {
      show('broken');
    } finally {
      button.disabled = false;
    }
  });
}

async function start() {
  const [setup, me] = await Promise.all([call('GET', '/v1/setup'), call('GET', '/v1/session')]);
  if (setup.body.required) {
    // In the fragment, which browsers keep to themselves, so the token stands in no log.
    const token = new URLSearchParams(location.hash.slice(1)).get('token');
    if (token !== null) {
      find('#setup [name=token]').value = token;
      find('#token-field').hidden = true;
      history.replaceState(null, '', location.pathname);
    }
    show('setup');
    find(token === null ? '#setup [name=token]' : '#setup [name=tenantName]').focus();
  } else if (me.ok) showHome(me.body);
  else show('sign-in');
}

for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    language = button.dataset.language;
    localStorage.setItem(languageKey, language);
    speak();
  });
}
find('#sign-out').addEventListener('click', async () => {
  try {
    const { ok, status, body } = await call('DELETE', '/v1/session');
    if (!ok && status !== 401) {
      showFault(find('#home'), body);
      return;
    }
    session = null;
    show('sign-in');
  } catch {
    show('broken');
  }
});
onSubmit('#setup', '/v1/setup', () => ({ language }));
onSubmit('#sign-in', '/v1/session');

speak();
start().catch(() => show('broken'));
