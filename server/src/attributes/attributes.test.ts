import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RegistryApp, startRegistryApp } from '../../test/registry-app.ts';
import type { DeviceRef } from '../telemetry/store.ts';
import type { AttributeScope } from './attributes.ts';
import { maxKeysPerDevice } from './keys.ts';

let app: RegistryApp;
let device: DeviceRef;
beforeEach(async () => {
  app = await startRegistryApp();
  device = { tenantId: 't1', deviceId: (await app.addDevice('a')).deviceId };
  app.heard.length = 0;
});
afterEach(() => app.stop());

const write = (values: Parameters<RegistryApp['attributes']['write']>[0]['values'], scope: AttributeScope = 'shared') =>
  app.attributes.write({ ...device, scope, values });

async function read(scope: AttributeScope = 'shared', keys?: readonly string[]): Promise<[string, unknown][]> {
  return [...(await app.attributes.read(device, scope, keys))].map(([key, { value }]) => [key, value]);
}

/** Each change that was published: scope, what was written, what was deleted. */
const changes = () =>
  app.heard.flatMap((message) =>
    message.kind === 'attributes.changed' ? [[message.scope, message.updated, message.deleted]] : [],
  );

describe('attributes', () => {
  test('keep their JSON types and scopes, in the order of their keys', async () => {
    const values = { text: '42', number: 1.5, flag: false, list: [1, null, { a: 'b' }], empty: {} };
    await write(values, 'client');
    await write({ other: 1 }, 'shared');
    expect(await read('client')).toEqual(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
    expect(await read('shared')).toEqual([['other', 1]]);
    expect(await app.attributes.read(device, 'client', ['flag'])).toEqual(
      new Map([['flag', { value: false, updatedAt: app.clock.now() }]]),
    );
    expect(changes()).toEqual([
      ['client', values, []],
      ['shared', { other: 1 }, []],
    ]);
  });

  test('that are asked for and not there are left out, however many are asked for', async () => {
    await write({ a: 1, b: 2 });
    const many = Array.from({ length: 40_000 }, (_, i) => `key ${i}`);
    expect(await read('shared', ['b', 'b', 'none'])).toEqual([['b', 2]]);
    expect(await read('shared', [...many, 'a'])).toEqual([['a', 1]]);
    expect(await read('shared', [])).toEqual([]);
  });

  test('written again at once: the last call wins, and each is published in its order', async () => {
    await Promise.all([
      write({ a: 1, b: 1 }),
      write({ a: 2 }),
      app.attributes.remove(device, 'shared', ['b', 'none']),
      write({ a: 3, c: 3 }),
      app.attributes.remove(device, 'shared', ['c']),
      write({ c: 4 }),
    ]);
    expect(await read()).toEqual([
      ['a', 3],
      ['c', 4],
    ]);
    expect(changes()).toEqual([
      ['shared', { a: 1, b: 1 }, []],
      ['shared', { a: 2 }, []],
      ['shared', {}, ['b']],
      ['shared', { a: 3, c: 3 }, []],
      ['shared', {}, ['c']],
      ['shared', { c: 4 }, []],
    ]);
  });

  test('of many devices at once are all stored', async () => {
    const devices = await Promise.all(Array.from({ length: 50 }, (_, i) => app.addDevice(`device ${i}`)));
    await Promise.all(
      Array.from({ length: 500 }, (_, i) => {
        const deviceId = devices[i % 50]?.deviceId ?? '';
        return app.attributes.write({ tenantId: 't1', deviceId, scope: 'client', values: { [`k${i % 10}`]: i } });
      }),
    );
    for (const [i, { deviceId }] of devices.entries()) {
      const last = await app.attributes.read({ tenantId: 't1', deviceId }, 'client');
      expect([...last.values()].map(({ value }) => value)).toEqual([450 + i]);
    }
  });

  test('of a device that is gone or another tenant’s are refused, and disturb no other', async () => {
    const gone = { tenantId: 't1', deviceId: '01a1fd92-2114-7000-bc1e-fb3f3f19f852', scope: 'client' } as const;
    const results = await Promise.allSettled([
      write({ a: 1 }),
      app.attributes.write({ ...gone, values: { a: 1 } }),
      app.attributes.write({ ...device, tenantId: 't2', scope: 'shared', values: { a: 2 } }),
      write({ b: 1 }),
    ]);
    expect(results).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'not_found' } },
      { status: 'rejected', reason: { code: 'not_found' } },
      { status: 'fulfilled' },
    ]);
    expect(await read()).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    const foreign = { ...device, tenantId: 't2' };
    expect(await app.attributes.remove(foreign, 'shared', ['a'])).toEqual([]);
    expect((await app.attributes.read(foreign, 'shared')).size).toBe(0);
    expect((await app.attributes.read(foreign, 'server')).size).toBe(0);
  });

  test('deleted tell which of them were there', async () => {
    await write({ a: 1, b: 2 });
    app.heard.length = 0;
    expect(await app.attributes.remove(device, 'shared', ['b', 'b', 'none'])).toEqual(['b']);
    expect(await app.attributes.remove(device, 'shared', ['none'])).toEqual([]);
    expect(changes()).toEqual([['shared', {}, ['b']]]);
  });

  test('beyond the limit of a device are refused; those it has can still be written', async () => {
    for (let from = 0; from < maxKeysPerDevice; from += 500) {
      const keys = Array.from({ length: 500 }, (_, i) => [`k${from + i}`, 0]);
      await write(Object.fromEntries(keys), from % 1000 === 0 ? 'shared' : 'client');
    }
    await expect(write({ one: 'more' })).rejects.toMatchObject({ code: 'invalid_payload' });
    await write({ k0: 'again' });
    // Room is made and used by calls that share a commit.
    const results = await Promise.allSettled([
      write({ one: 'more' }),
      app.attributes.remove(device, 'shared', ['k1']),
      write({ one: 'more' }),
      write({ two: 'more' }),
    ]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'rejected']);
    expect(await read('shared', ['k0', 'k1', 'one', 'two'])).toEqual([
      ['k0', 'again'],
      ['one', 'more'],
    ]);
  });

  test('that come faster than the disk takes them are refused as overload, the others are stored', async () => {
    const wide = (call: number) => Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, call]));
    const results = await Promise.allSettled(Array.from({ length: 80 }, (_, call) => write(wide(call))));
    const stored = results.findLastIndex((result) => result.status === 'fulfilled');
    expect(results.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'overloaded' } });
    expect(await read('shared', ['k0'])).toEqual([['k0', stored]]);
    await write({ k0: 'afterwards' });
  });

  test.each<[fault: string, scope: AttributeScope, values: object]>([
    ['null', 'shared', { a: null }],
    ['a blank key', 'shared', { ' ': 1 }],
    ['an empty key', 'shared', { '': 1 }],
    ['a key that is too long', 'shared', { ['x'.repeat(256)]: 1 }],
    ['a control character in a key', 'client', { 'a\nb': 1 }],
    ['a value that is too long', 'client', { a: 'x'.repeat(65_536) }],
    ['too many keys', 'client', Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`k${i}`, i]))],
    ['what the platform keeps', 'server', { active: true }],
    ['what the platform keeps', 'server', { lastActivityTime: 1 }],
  ])('with %s are refused in the scope %s, and nothing of the call is stored', async (_fault, scope, values) => {
    const call = app.attributes.write({ ...device, scope, values: { good: 1, ...values } });
    await expect(call).rejects.toMatchObject({ code: 'invalid_payload' });
    expect(await app.db.selectFrom('attributes').select('key').execute()).toEqual([]);
    expect(app.heard).toEqual([]);
  });

  test('with hostile keys are keys like any other', async () => {
    const keys = ['<b>', '__proto__', 'constructor', "'; drop table attributes; --", '=1+1', '🧊', 'a.b', 'a"b'];
    await write(Object.fromEntries(keys.map((key) => [key, key])));
    expect(await read()).toEqual([...keys].sort((a, b) => (a < b ? -1 : 1)).map((key) => [key, key]));
    expect(await app.attributes.remove(device, 'shared', ['__proto__'])).toEqual(['__proto__']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('server attributes that the platform keeps', () => {
  test('stand among the others', async () => {
    const now = app.clock.now();
    app.known.set(device.deviceId, {
      active: true,
      lastConnectTime: now + 1,
      lastActivityTime: now + 2,
      lastDisconnectTime: null,
      connection: null,
    });
    await write({ inactivityTimeout: 60_000, zone: 'b' }, 'server');
    expect(await app.attributes.read(device, 'server')).toEqual(
      new Map([
        ['active', { value: true, updatedAt: now + 2 }],
        ['inactivityTimeout', { value: 60_000, updatedAt: now }],
        ['lastActivityTime', { value: now + 2, updatedAt: now + 2 }],
        ['lastConnectTime', { value: now + 1, updatedAt: now + 1 }],
        ['zone', { value: 'b', updatedAt: now }],
      ]),
    );
    expect(await read('server', ['lastConnectTime', 'zone'])).toEqual([
      ['lastConnectTime', now + 1],
      ['zone', 'b'],
    ]);
    expect(await read('client')).toEqual([]);
  });

  test('say of a device that was never seen that it is not active', async () => {
    const never = {
      active: false,
      lastConnectTime: null,
      lastActivityTime: null,
      lastDisconnectTime: null,
      connection: null,
    };
    app.known.set(device.deviceId, never);
    expect(await app.attributes.read(device, 'server')).toEqual(
      new Map([['active', { value: false, updatedAt: app.clock.now() }]]),
    );
  });

  test('cannot be deleted', async () => {
    await expect(app.attributes.remove(device, 'server', ['active'])).rejects.toMatchObject({
      code: 'invalid_payload',
    });
  });
});
