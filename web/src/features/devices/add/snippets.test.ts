import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { languages, type SnippetContext, snippetOf } from './snippets.ts';

const evil = `a'b"c\\d$(touch x)\`y\``;
const context = (way: SnippetContext['way']): SnippetContext => ({
  host: 'gate.example',
  httpUrl: 'https://gate.example:8443',
  mqttPort: 2883,
  way,
});

test.each(languages)('the %s code knows where the server is and what the device proves itself with', (language) => {
  const one = snippetOf(language, context({ kind: 'token', token: 'tok123' }));
  expect(one).toContain('gate.example');
  expect(one).toContain('tok123');
  const fleet = snippetOf(language, context({ kind: 'provision', key: 'key123', secret: 'secret123' }));
  expect(fleet).toContain('gate.example');
  expect(fleet).toContain('key123');
  expect(fleet).toContain('secret123');
});

test.each(['curl', 'mosquitto'] as const)('in a shell the %s code means nothing but what was meant', (language) => {
  const code = snippetOf(language, context({ kind: 'provision', key: evil, secret: evil }));
  // A shell in whose place of programs stand ones that print their arguments.
  const script = `curl() { printf '%s\\n' "$@"; }; mosquitto_rr() { printf '%s\\n' "$@"; }; mosquitto_pub() { :; }\nsed() { cat; }\n${code.replace('TOKEN=$(', '(')}`;
  const { stdout, status } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout).toContain(JSON.stringify(evil));
});

test('in JavaScript a secret stays a text', () => {
  const code = snippetOf('node', context({ kind: 'provision', key: 'k', secret: evil }));
  const literal = /provisionDeviceSecret: (.*),/.exec(code)?.[1] ?? '';
  expect(JSON.parse(literal)).toBe(evil);
});
