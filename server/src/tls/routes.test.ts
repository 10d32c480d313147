import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../test/create-test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.stop());

test('the certificates are told as the listeners show them, the authority is the one at /ca.pem', async () => {
  const [server, authority, ...others] = await app.client.certificates.list();
  expect(others).toEqual([]);
  expect([server?.role, authority?.role]).toEqual(['server', 'authority']);
  const shown = new X509Certificate(await (await fetch(`${app.url}/ca.pem`)).text());
  expect(authority?.fingerprintSha256).toBe(shown.fingerprint256);
  expect(authority?.validTo).toBe(Date.parse(shown.validTo));
  expect(server?.issuer).toBe(authority?.subject);
  expect(server?.names).toContain('localhost');
  expect(JSON.stringify([server, authority])).not.toContain('PRIVATE');
});

test('nobody reads them without credentials', async () => {
  const answer = await fetch(`${app.url}/v1/certificates`);
  expect(answer.status).toBe(401);
});
