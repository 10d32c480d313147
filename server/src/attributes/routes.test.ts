import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Attributes, DeletedAttributes } from '#contract/attributes.ts';
import { type RegistryApp, startRegistryApp } from '../../test/registry-app.ts';

let app: RegistryApp;
let url: string;
beforeEach(async () => {
  app = await startRegistryApp();
  url = `/v1/devices/${(await app.addDevice('a')).deviceId}/attributes`;
  app.heard.length = 0;
});
afterEach(() => app.stop());

describe('attributes over REST', () => {
  test('PATCH writes what is named, GET reads it, DELETE takes it away', async () => {
    const updatedAt = app.clock.now();
    expect(
      await app.request<Attributes>('operator', 'PATCH', `${url}/shared`, { b: [1, { c: null }], a: 'x' }),
    ).toMatchObject({
      status: 200,
      body: { a: { value: 'x', updatedAt }, b: { value: [1, { c: null }], updatedAt } },
    });
    app.clock.advance(1);
    await app.request('operator', 'PATCH', `${url}/shared`, { a: 'y' });
    expect((await app.request<Attributes>('viewer', 'GET', `${url}/shared`)).body).toEqual({
      a: { value: 'y', updatedAt: updatedAt + 1 },
      b: { value: [1, { c: null }], updatedAt },
    });
    expect(Object.keys((await app.request<Attributes>('viewer', 'GET', `${url}/shared?keys=b,none,`)).body)).toEqual([
      'b',
    ]);
    expect(await app.request<DeletedAttributes>('operator', 'DELETE', `${url}/shared?keys=b,none`)).toMatchObject({
      status: 200,
      body: { deleted: ['b'] },
    });
    expect(Object.keys((await app.request<Attributes>('viewer', 'GET', `${url}/shared`)).body)).toEqual(['a']);
    expect(app.published()).toEqual(['attributes.changed', 'attributes.changed', 'attributes.changed']);
    expect(app.audited.map(({ action, detail }) => [action, detail])).toEqual([
      ['attributes.updated', { scope: 'shared', count: 2, keys: ['b', 'a'] }],
      ['attributes.updated', { scope: 'shared', count: 1, keys: ['a'] }],
      ['attributes.deleted', { scope: 'shared', count: 1, keys: ['b'] }],
    ]);
  });

  test('answers hold whatever keys there are', async () => {
    const keys = ['<script>', 'constructor', 'toString', 'a b', '"', '\\', '🧊', '=1+1'];
    const body = Object.fromEntries(keys.map((key) => [key, key]));
    const written = await app.request<Attributes>('operator', 'PATCH', `${url}/server`, body);
    expect(written.status).toBe(200);
    const { body: shown } = await app.request<Attributes>('viewer', 'GET', `${url}/server`);
    expect(Object.keys(shown).sort()).toEqual([...keys].sort());
    // What a device wrote under such a key is shown too, though no body of ours may hold it.
    const deviceId = url.split('/')[3] ?? '';
    const values = Object.fromEntries([['__proto__', 1]]);
    await app.attributes.write({ tenantId: 't1', deviceId, scope: 'client', values });
    const client = await app.request<Attributes>('viewer', 'GET', `${url}/client`);
    expect(Object.entries(client.body)).toEqual([['__proto__', { value: 1, updatedAt: app.clock.now() }]]);
  });

  test.each<[fault: string, method: string, path: string, body: unknown, code: string]>([
    ['null for a value', 'PATCH', '/shared', { a: null }, 'invalid_payload'],
    ['a blank key', 'PATCH', '/shared', { ' ': 1 }, 'invalid_payload'],
    ['nothing to write', 'PATCH', '/shared', {}, 'invalid_request'],
    ['no object', 'PATCH', '/shared', [1], 'invalid_request'],
    ['what the platform keeps', 'PATCH', '/server', { lastConnectTime: 1 }, 'invalid_payload'],
    ['what the device says of itself', 'PATCH', '/client', { a: 1 }, 'invalid_request'],
    ['an unknown scope', 'PATCH', '/public', { a: 1 }, 'invalid_request'],
    ['a deletion of nothing named', 'DELETE', '/shared', undefined, 'invalid_request'],
    ['a deletion of what the platform keeps', 'DELETE', '/server?keys=active', undefined, 'invalid_payload'],
  ])('%s is refused', async (_fault, method, path, body, code) => {
    expect(await app.request('operator', method, url + path, body)).toMatchObject({ status: 400, body: { code } });
    expect(app.heard).toEqual([]);
    expect(app.audited).toEqual([]);
  });

  test('client attributes can be deleted by people', async () => {
    const deviceId = url.split('/')[3] ?? '';
    await app.attributes.write({ tenantId: 't1', deviceId, scope: 'client', values: { a: 1 } });
    expect((await app.request<DeletedAttributes>('operator', 'DELETE', `${url}/client?keys=a`)).body).toEqual({
      deleted: ['a'],
    });
  });
});
