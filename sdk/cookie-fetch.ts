/**
 * A fetch that keeps the cookies of one server, as a browser does: for signing in with a password where there is no
 * browser (tests, the demo). Scripts that stay use an API key.
 */
export function createCookieFetch(send: typeof fetch = globalThis.fetch.bind(globalThis)): typeof fetch {
  const cookies = new Map<string, string>();

  return async (input, init) => {
    const headers = new Headers(init?.headers);
    if (cookies.size > 0) headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const answer = await send(input, { ...init, headers });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';');
      const [name = '', ...value] = pair.split('=');
      const isOver = attributes.some((attribute) => /^\s*max-age=0\s*$/i.test(attribute)) || value.join('=') === '';
      if (isOver) cookies.delete(name.trim());
      else cookies.set(name.trim(), value.join('=').trim());
    }
    return answer;
  };
}
