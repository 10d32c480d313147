import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PeopleApp, startPeopleApp } from '../../../test/people-app.ts';

let app: PeopleApp;
beforeAll(async () => {
  app = await startPeopleApp();
});
afterAll(() => app.stop());

test.each(['/', '/setup'])('%s is a page that runs nothing inline and loads nothing foreign', async (path) => {
  const page = await app.request('GET', path);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  expect(page.text).not.toMatch(/<style| style=| on[a-z]+=|https?:\/\//);
  expect(page.text.match(/<script[^>]*>/g)).toEqual(['<script type="module" src="/welcome/welcome.js">']);
});

test('everything that the page refers to is there', async () => {
  const page = await app.request('GET', '/');
  const script = await app.request('GET', '/welcome/welcome.js');
  const references = [...page.text.matchAll(/(?:src|href)="(\/welcome\/[^"]+)"/g)].map((match) => match[1] ?? '');
  for (const match of script.text.matchAll(/from '\.\/([^']+)'/g)) references.push(`/welcome/${match[1]}`);
  expect(new Set(references)).toEqual(
    new Set(['gapura.svg', 'welcome.css', 'welcome.js', 'words.js'].map((name) => `/welcome/${name}`)),
  );
  for (const reference of references) expect((await app.request('GET', reference)).status).toBe(200);
});

test('a browser that has a file does not load it again', async () => {
  const etag = (await app.request('GET', '/')).headers.get('etag') ?? '';
  const again = await app.request('GET', '/', { headers: { 'if-none-match': etag } });
  expect([again.status, again.text]).toEqual([304, '']);
});

test('both languages say everything that the page asks for', async () => {
  const html = await readFile(new URL('./welcome.html', import.meta.url), 'utf8');
  const { words } = await import(new URL('./words.js', import.meta.url).href);
  const asked = [...html.matchAll(/data-word="(\w+)"/g)].map((match) => match[1]);
  expect(asked.length).toBeGreaterThan(15);
  for (const language of ['en', 'id']) {
    for (const word of asked)
      expect([language, word, words[language][word ?? '']]).toEqual([language, word, expect.any(String)]);
    expect(Object.keys(words[language]).sort()).toEqual(Object.keys(words.en).sort());
  }
});
