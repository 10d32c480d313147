import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Page } from '#contract/common.ts';
import type { Profile } from '#contract/profiles.ts';
import { type RegistryApp, startRegistryApp } from '../../test/registry-app.ts';

let app: RegistryApp;
beforeEach(async () => {
  app = await startRegistryApp();
});
afterEach(() => app.stop());

const create = async (body: object): Promise<Profile> =>
  (await app.request<Profile>('admin', 'POST', '/v1/profiles', body)).body;

const defaults = async (): Promise<string[]> =>
  (await app.profiles.list('t1', {})).items.filter((profile) => profile.isDefault).map((profile) => profile.name);

describe('profiles over REST', () => {
  test('a name alone makes a profile that provisions nobody, with a key and a secret of its own', async () => {
    const answer = await app.request<Profile>('admin', 'POST', '/v1/profiles', { name: ' Sensor ' });
    expect(answer).toMatchObject({ status: 201, headers: { location: `/v1/profiles/${answer.body.id}` } });
    expect(answer.body).toEqual({
      id: answer.body.id,
      name: 'Sensor',
      description: '',
      isDefault: false,
      tlsOnly: false,
      tokenInPath: true,
      minAuth: 'token',
      requireNonce: false,
      telemetryRetentionDays: 'tenant',
      hasGroupKey: false,
      provisioning: {
        strategy: 'DISABLED',
        reprovision: 'strict',
        key: expect.stringMatching(/^[A-Za-z0-9]{20}$/),
        secret: expect.stringMatching(/^[A-Za-z0-9]{20}$/),
        rateLimit: '',
        requireProof: false,
      },
      deviceCount: 0,
      createdAt: app.clock.now(),
      updatedAt: app.clock.now(),
    });
    expect(app.published()).toEqual(['profile.created']);
    expect(app.audited).toMatchObject([{ action: 'profile.created', target: { kind: 'profile', name: 'Sensor' } }]);
  });

  test('the secret is for those who may change profiles', async () => {
    const { id, provisioning } = await create({ name: 'p', provisioning: { secret: 'a good secret' } });
    for (const [caller, secret] of [
      ['owner', 'a good secret'],
      ['admin', 'a good secret'],
      ['operator', null],
      ['viewer', null],
    ] as const) {
      const { body } = await app.request<Profile>(caller, 'GET', `/v1/profiles/${id}`);
      expect(body.provisioning).toEqual({ ...provisioning, secret });
      const page = await app.request<Page<Profile>>(caller, 'GET', '/v1/profiles');
      expect(page.body.items.find((profile) => profile.id === id)?.provisioning.secret).toBe(secret);
    }
  });

  test('PATCH changes what is named, and the audit log names fields, not values', async () => {
    const { id, provisioning } = await create({ name: 'p', description: 'd' });
    const changes = {
      tlsOnly: true,
      provisioning: { strategy: 'ALLOW_CREATE_NEW_DEVICES', secret: 'hush hush hush', rateLimit: '10:60,100:3600' },
    };
    expect(await app.request<Profile>('admin', 'PATCH', `/v1/profiles/${id}`, changes)).toMatchObject({
      status: 200,
      body: { name: 'p', description: 'd', tlsOnly: true, provisioning: { ...provisioning, ...changes.provisioning } },
    });
    expect(app.audited.at(-1)?.detail).toEqual({
      changed: ['tlsOnly', 'provisioning.strategy', 'provisioning.secret', 'provisioning.rateLimit'],
    });
    expect(JSON.stringify(app.audited)).not.toContain('hush');
  });

  test('how long telemetry is kept is days, null for ever, or as the tenant says, and the audit log tells it', async () => {
    const { id } = await create({ name: 'p', telemetryRetentionDays: 30 });
    for (const telemetryRetentionDays of [null, 36_500, 'tenant', 1]) {
      const answer = await app.request<Profile>('admin', 'PATCH', `/v1/profiles/${id}`, { telemetryRetentionDays });
      expect(answer.body.telemetryRetentionDays).toBe(telemetryRetentionDays);
      expect(app.audited.at(-1)?.detail).toEqual({ changed: ['telemetryRetentionDays'], telemetryRetentionDays });
    }
    for (const telemetryRetentionDays of [0, -1, 1.5, 36_501, '30', 'forever']) {
      const answer = await app.request('admin', 'PATCH', `/v1/profiles/${id}`, { telemetryRetentionDays });
      expect([telemetryRetentionDays, answer.status]).toEqual([telemetryRetentionDays, 400]);
    }
    expect((await app.profiles.get('t1', id)).telemetryRetentionDays).toBe(1);
  });

  test('a rotation makes a new key and a new secret', async () => {
    const { id, provisioning } = await create({ name: 'p' });
    const { status, body } = await app.request<Profile>('admin', 'POST', `/v1/profiles/${id}/provisioning/rotate`);
    expect(status).toBe(200);
    expect(body.provisioning.key).not.toBe(provisioning.key);
    expect(body.provisioning.secret).not.toBe(provisioning.secret);
    expect(await app.profiles.findByProvisionKey(provisioning.key)).toBeUndefined();
    expect(await app.profiles.findByProvisionKey(body.provisioning.key)).toMatchObject({ id });
  });

  test.each<[fault: string, body: object, status: number, code: string]>([
    ['a name that is taken', { name: 'default' }, 409, 'name_taken'],
    ['a key that is taken', { name: 'p', provisioning: { key: 'the key' } }, 409, 'credentials_taken'],
    ['a blank name', { name: ' ' }, 400, 'invalid_request'],
    ['a control character', { name: 'a\u0000' }, 400, 'invalid_request'],
    ['a blank key', { name: 'p', provisioning: { key: '  ' } }, 400, 'invalid_request'],
    ['a secret that is too short', { name: 'p', provisioning: { secret: 'short' } }, 400, 'invalid_request'],
    ['a rate limit of nothing', { name: 'p', provisioning: { rateLimit: '0:60' } }, 400, 'invalid_request'],
    ['a rate limit without time', { name: 'p', provisioning: { rateLimit: '10' } }, 400, 'invalid_request'],
    ['an unknown strategy', { name: 'p', provisioning: { strategy: 'X509' } }, 400, 'invalid_request'],
    ['an unknown member', { name: 'p', provision: {} }, 400, 'invalid_request'],
  ])('%s is refused', async (_fault, body, status, code) => {
    // Keys are unique over the server, names in the tenant.
    await app.profiles.create('t2', { name: 'p', provisioning: { key: 'the key' } });
    app.heard.length = 0;
    expect(await app.request('admin', 'POST', '/v1/profiles', body)).toMatchObject({ status, body: { code } });
    expect(app.heard).toEqual([]);
  });

  test('pages hold every profile once, by name', async () => {
    for (const name of ['c', 'a', 'z', 'b']) await create({ name });
    const names: string[] = [];
    let query = '?limit=2';
    for (let page = 0; page < 3; page++) {
      const { body } = await app.request<Page<Profile>>('viewer', 'GET', `/v1/profiles${query}`);
      names.push(...body.items.map((profile) => profile.name));
      query = `?limit=2&cursor=${body.nextCursor}`;
      expect(body.nextCursor === null).toBe(page === 2);
    }
    expect(names).toEqual(['a', 'b', 'c', 'default', 'z']);
    expect(await app.request('viewer', 'GET', '/v1/profiles?cursor=no')).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    });
  });

  test.each<[method: string, path: string, role: string, body?: object]>([
    ['GET', '/v1/profiles', 'viewer'],
    ['GET', '/v1/profiles/ID', 'viewer'],
    ['POST', '/v1/profiles', 'admin', { name: 'new' }],
    ['PATCH', '/v1/profiles/ID', 'admin', { tlsOnly: true }],
    ['POST', '/v1/profiles/ID/provisioning/rotate', 'admin'],
    ['DELETE', '/v1/profiles/ID', 'admin'],
  ])('%s %s is for the role %s and up, and another tenant finds nothing', async (method, path, role, body) => {
    const { id, provisioning } = await create({ name: 'p' });
    const url = path.replace('ID', id);
    expect(await app.request('nobody', method, url, body)).toMatchObject({ status: 401 });
    if (role === 'admin') {
      expect(await app.request('operator', method, url, body)).toMatchObject({ status: 403 });
    }
    if (path.includes('ID')) {
      expect(await app.request('owner of t2', method, url, body)).toMatchObject({ status: 404 });
    } else if (method === 'GET') {
      const { body: page } = await app.request<Page<Profile>>('owner of t2', method, url);
      expect(page.items.map((profile) => profile.id)).toEqual([app.otherProfileId]);
    }
    expect(await app.profiles.get('t1', id)).toMatchObject({ tlsOnly: false, provisioning });
    expect((await app.request(role, method, url, body)).status).toBeLessThan(300);
  });
});

describe('the default profile', () => {
  test('is one per tenant, whoever becomes it', async () => {
    const { id } = await create({ name: 'a', isDefault: true });
    expect(await defaults()).toEqual(['a']);
    await app.request('admin', 'PATCH', `/v1/profiles/${app.profileId}`, { isDefault: true });
    expect(await defaults()).toEqual(['default']);
    expect(await app.profiles.defaultOf('t1')).toMatchObject({ id: app.profileId });
    await Promise.all([
      app.profiles.update('t1', id, { isDefault: true }),
      app.profiles.create('t1', { name: 'b', isDefault: true }),
      app.profiles.create('t1', { name: 'c', isDefault: true }),
    ]);
    expect(await defaults()).toHaveLength(1);
    expect(await app.profiles.defaultOf('t2')).toMatchObject({ id: app.otherProfileId });
  });

  test('cannot be given up or deleted', async () => {
    const url = `/v1/profiles/${app.profileId}`;
    expect(await app.request('admin', 'PATCH', url, { isDefault: false })).toMatchObject({ status: 400 });
    expect(await app.request('admin', 'DELETE', url)).toMatchObject({ status: 409, body: { code: 'in_use' } });
    expect(await defaults()).toEqual(['default']);
  });

  test('is made once, however often it is asked for', async () => {
    await app.db.insertInto('tenants').values({ id: 't3', name: 't3', created_at: 0 }).execute();
    const made = await Promise.all(Array.from({ length: 5 }, () => app.profiles.defaultOf('t3')));
    expect(new Set(made.map((profile) => profile.id)).size).toBe(1);
    expect(app.published()).toEqual(['profile.created']);
  });
});

test('a profile with devices stays; without them it goes', async () => {
  const { id } = await create({ name: 'p' });
  const { deviceId } = await app.addDevice('a', { profileId: id });
  expect((await app.profiles.get('t1', id)).deviceCount).toBe(1);
  const url = `/v1/profiles/${id}`;
  expect(await app.request('admin', 'DELETE', url)).toMatchObject({ status: 409, body: { code: 'in_use' } });
  await app.devices.remove('t1', deviceId);
  expect(await app.request('admin', 'DELETE', url)).toMatchObject({ status: 204 });
  expect(await app.request('admin', 'GET', url)).toMatchObject({ status: 404 });
});

describe('profiles found by provisioning key', () => {
  const provisioning = {
    strategy: 'ALLOW_CREATE_NEW_DEVICES',
    reprovision: 'rotate',
    key: 'the key',
    secret: 'the secret',
    rateLimit: '10:60',
  } as const;

  test('come with what provisioning needs, and come from memory', async () => {
    const { id } = await app.profiles.create('t1', { name: 'p', tlsOnly: true, provisioning });
    const found = await app.profiles.findByProvisionKey('the key');
    const { key: _, ...rest } = provisioning;
    const more = { requireProof: false, groupKey: undefined };
    expect(found).toEqual({ id, tenantId: 't1', name: 'p', tlsOnly: true, ...rest, ...more });
    expect(await app.profiles.findByProvisionKey('the key')).toBe(found);
    expect(await app.profiles.findByProvisionKey('x'.repeat(100_000))).toBeUndefined();
  });

  test('follow every change, and an unknown key is known once its profile is made', async () => {
    expect(await app.profiles.findByProvisionKey('the key')).toBeUndefined();
    const { id } = await app.profiles.create('t1', { name: 'p', provisioning });
    expect(await app.profiles.findByProvisionKey('the key')).toMatchObject({ secret: 'the secret' });
    await app.profiles.update('t1', id, { provisioning: { secret: 'another one' } });
    expect(await app.profiles.findByProvisionKey('the key')).toMatchObject({ secret: 'another one' });
    expect(await app.profiles.findByProvisionKey('new key')).toBeUndefined();
    await app.profiles.update('t1', id, { provisioning: { key: 'new key' } });
    expect(await app.profiles.findByProvisionKey('the key')).toBeUndefined();
    expect(await app.profiles.findByProvisionKey('new key')).toMatchObject({ id });
    await app.profiles.remove('t1', id);
    expect(await app.profiles.findByProvisionKey('new key')).toBeUndefined();
  });

  test('findByName stays in its tenant', async () => {
    const { id } = await app.profiles.create('t1', { name: 'p' });
    expect(await app.profiles.findByName('t1', 'p')).toMatchObject({ id });
    expect(await app.profiles.findByName('t2', 'p')).toBeUndefined();
  });
});
