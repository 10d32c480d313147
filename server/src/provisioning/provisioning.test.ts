/** The tables of reference §1.5, row by row. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failure, keyOf, notFound, openProvisioning, type Provisioning, plain } from './fixture.ts';

let gate: Provisioning;
beforeEach(async () => {
  gate = await openProvisioning();
});
afterEach(() => gate.close());

const preProvisioned = { strategy: 'CHECK_PRE_PROVISIONED_DEVICES' } as const;

describe('ALLOW_CREATE_NEW_DEVICES', () => {
  test('a new device gets a token of 20 letters and digits, its profile and provisionState', async () => {
    const profile = await gate.addProfile('p');
    const answer = await gate.ask(profile, { deviceName: 'dev' });
    expect(answer).toMatch(
      /^\{"credentialsType":"ACCESS_TOKEN","credentialsValue":"[A-Za-z0-9]{20}","status":"SUCCESS"\}$/,
    );
    const device = await gate.deviceNamed('dev');
    expect(device).toMatchObject({ profile_id: profile.id, tenant_id: gate.tenantId, is_gateway: 0, enabled: 1 });
    expect(await gate.provisionState(device?.id ?? '')).toBe('"provisioned"');
    const { credentials } = await gate.credentials.read(gate.tenantId, device?.id ?? '');
    expect(credentials).toEqual({ type: 'ACCESS_TOKEN', token: JSON.parse(answer).credentialsValue });
  });

  test.each([{}, { deviceName: '' }, { deviceName: null }])('%j gets a made-up name', async (members) => {
    const profile = await gate.addProfile('p');
    expect(await gate.ask(profile, members)).toContain('SUCCESS');
    const { name } = await gate.db.selectFrom('devices').select('name').executeTakeFirstOrThrow();
    expect(name).toMatch(/^[A-Za-z0-9]{20}$/);
  });

  test('the name is kept without the blanks around it', async () => {
    const profile = await gate.addProfile('p');
    expect(await gate.ask(profile, { deviceName: '  dev 1\t' })).toContain('SUCCESS');
    expect(await gate.deviceNamed('dev 1')).toBeDefined();
  });

  test('a gateway is marked as one', async () => {
    const profile = await gate.addProfile('p');
    await gate.ask(profile, { deviceName: 'gw', gateway: true });
    expect(await gate.deviceNamed('gw')).toMatchObject({ is_gateway: 1 });
  });

  test('a device may bring its token', async () => {
    const profile = await gate.addProfile('p');
    expect(await gate.ask(profile, { deviceName: 'dev', credentialsType: 'ACCESS_TOKEN', token: 'mine' })).toBe(
      '{"credentialsType":"ACCESS_TOKEN","credentialsValue":"mine","status":"SUCCESS"}',
    );
  });

  test.each([
    [{ clientId: 'c', username: 'u', password: 'p' }, '{"clientId":"c","userName":"u","password":"p"}'],
    [{ username: 'u', password: 'p' }, '{"clientId":null,"userName":"u","password":"p"}'],
    [{ username: 'u', clientId: '' }, '{"clientId":null,"userName":"u","password":null}'],
    [{ clientId: 'c' }, '{"clientId":"c","userName":null,"password":null}'],
  ])('MQTT_BASIC credentials %j come back in the words of the answer', async (members, value) => {
    const profile = await gate.addProfile('p');
    expect(await gate.ask(profile, { deviceName: 'dev', credentialsType: 'MQTT_BASIC', ...members })).toBe(
      `{"credentialsValue":${value},"credentialsType":"MQTT_BASIC","status":"SUCCESS"}`,
    );
  });

  test.each([
    ['MQTT_BASIC without client id and user name', { credentialsType: 'MQTT_BASIC' }],
    ['MQTT_BASIC with a password alone', { credentialsType: 'MQTT_BASIC', password: 'p' }],
    ['MQTT_BASIC with client id and password', { credentialsType: 'MQTT_BASIC', clientId: 'c', password: 'p' }],
    ['a token that cannot stand in a path', { token: 'a/b' }],
    ['a token of 256 characters', { token: 'x'.repeat(256) }],
    ['a certificate', { credentialsType: 'X509_CERTIFICATE', hash: 'MIIB' }],
    ['LWM2M credentials', { credentialsType: 'LWM2M_CREDENTIALS' }],
    ['an unknown type of credentials', { credentialsType: 'PASSKEY' }],
    ['a name of blanks', { deviceName: '   ' }],
    ['a name of 256 characters', { deviceName: 'x'.repeat(256) }],
    ['a name with a line break', { deviceName: 'a\nb' }],
    ['a name with a NUL', { deviceName: 'a\u0000b' }],
    ['a name with half a surrogate pair', { deviceName: 'a\ud800' }],
  ])('%s is FAILURE, and nothing is stored', async (_what, members) => {
    const profile = await gate.addProfile('p');
    expect(await gate.ask(profile, { deviceName: 'dev', ...members })).toBe(failure);
    expect(await gate.db.selectFrom('devices').select('name').execute()).toEqual([]);
  });

  test('a token that another device has is FAILURE', async () => {
    const profile = await gate.addProfile('p');
    await gate.addDevice(profile, { name: 'old' });
    expect(await gate.ask(profile, { deviceName: 'dev', token: 'token-of-old' })).toBe(failure);
    expect(await gate.deviceNamed('dev')).toBeUndefined();
  });

  test('a name that is taken is FAILURE: provisioned or not, in this profile or another', async () => {
    const profile = await gate.addProfile('p');
    const other = await gate.addProfile('other');
    await gate.addDevice(profile, { name: 'made' });
    await gate.addDevice(other, { name: 'elsewhere' });
    await gate.ask(profile, { deviceName: 'provisioned' });
    for (const deviceName of ['made', 'elsewhere', 'provisioned']) {
      expect(await gate.ask(profile, { deviceName })).toBe(failure);
    }
    expect(gate.audit.filter((entry) => entry.outcome === 'failure').map((entry) => entry.detail?.['reason'])).toEqual([
      'name_taken',
      'name_taken',
      'name_taken',
    ]);
  });

  test('a name that another tenant has is free', async () => {
    const profile = await gate.addProfile('p');
    const foreign = await gate.addProfile('foreign', { tenantId: await gate.addTenant() });
    await gate.addDevice(foreign, { name: 'dev' });
    expect(await gate.ask(profile, { deviceName: 'dev' })).toContain('SUCCESS');
  });

  test('hostile names are kept as they are', async () => {
    const profile = await gate.addProfile('p');
    for (const deviceName of [
      '<script>alert(1)</script>',
      '=HYPERLINK("x")',
      "'; DROP TABLE devices; --",
      '🚀 Ωmega',
    ]) {
      expect(await gate.ask(profile, { deviceName })).toContain('SUCCESS');
      expect(await gate.deviceNamed(deviceName)).toBeDefined();
    }
  });
});

describe('CHECK_PRE_PROVISIONED_DEVICES', () => {
  test('a pre-provisioned device gets the credentials that it has, and provisionState', async () => {
    const profile = await gate.addProfile('p', preProvisioned);
    const { deviceId } = await gate.addDevice(profile, { name: 'dev' });
    expect(await gate.ask(profile, { deviceName: 'dev' })).toBe(
      '{"credentialsType":"ACCESS_TOKEN","credentialsValue":"token-of-dev","status":"SUCCESS"}',
    );
    expect(await gate.provisionState(deviceId)).toBe('"provisioned"');
  });

  test('credentials in the request are ignored', async () => {
    const profile = await gate.addProfile('p', preProvisioned);
    await gate.addDevice(profile, { name: 'dev', credentials: { type: 'MQTT_BASIC', userName: 'u', password: 'p' } });
    expect(await gate.ask(profile, { deviceName: 'dev', credentialsType: 'X509_CERTIFICATE', token: 'mine' })).toBe(
      '{"credentialsValue":{"clientId":null,"userName":"u","password":"p"},"credentialsType":"MQTT_BASIC","status":"SUCCESS"}',
    );
  });

  test('no such device, no name, or a device of another profile is FAILURE', async () => {
    const profile = await gate.addProfile('p', preProvisioned);
    await gate.addDevice(await gate.addProfile('other'), { name: 'elsewhere' });
    for (const members of [{ deviceName: 'nobody' }, {}, { deviceName: '' }, { deviceName: 'elsewhere' }]) {
      expect(await gate.ask(profile, members)).toBe(failure);
    }
    expect(gate.audit.map((entry) => entry.detail?.['reason'])).toEqual([
      'device_not_found',
      'device_not_found',
      'device_not_found',
      'device_in_other_profile',
    ]);
  });

  test.each(['provisioned', 'no', false])('a device whose provisionState is %j is FAILURE', async (provisionState) => {
    const profile = await gate.addProfile('p', preProvisioned);
    await gate.addDevice(profile, { name: 'dev', serverAttributes: { provisionState } });
    expect(await gate.ask(profile, { deviceName: 'dev' })).toBe(failure);
  });

  test('a second request is FAILURE until provisionState is deleted', async () => {
    const profile = await gate.addProfile('p', preProvisioned);
    await gate.addDevice(profile, { name: 'dev' });
    expect(await gate.ask(profile, { deviceName: 'dev' })).toContain('SUCCESS');
    expect(await gate.ask(profile, { deviceName: 'dev' })).toBe(failure);
    await gate.db.deleteFrom('attributes').execute();
    expect(await gate.ask(profile, { deviceName: 'dev' })).toContain('SUCCESS');
  });

  test('a disabled device, and one whose credentials were revoked, are FAILURE', async () => {
    const profile = await gate.addProfile('p', preProvisioned);
    await gate.addDevice(profile, { name: 'disabled', enabled: false });
    const { deviceId } = await gate.addDevice(profile, { name: 'revoked' });
    await gate.credentials.revoke(gate.tenantId, deviceId);
    expect(await gate.ask(profile, { deviceName: 'disabled' })).toBe(failure);
    expect(await gate.ask(profile, { deviceName: 'revoked' })).toBe(failure);
    expect(await gate.provisionState(deviceId)).toBeUndefined();
  });
});

describe('who may not provision', () => {
  test('unknown key, wrong secret, empty key or secret and a disabled profile are all NOT_FOUND', async () => {
    const profile = await gate.addProfile('p');
    const disabled = await gate.addProfile('off', { strategy: 'DISABLED' });
    const answers = [
      await gate.ask(profile, { provisionDeviceKey: 'unknown' }),
      await gate.ask(profile, { provisionDeviceKey: 'k'.repeat(300) }),
      await gate.ask(profile, { provisionDeviceSecret: 'wrong' }),
      await gate.ask(profile, { provisionDeviceSecret: profile.secret.toUpperCase() }),
      await gate.ask(profile, { provisionDeviceKey: '' }),
      await gate.ask(profile, { provisionDeviceSecret: '' }),
      await gate.ask(disabled),
    ];
    expect(answers).toEqual(answers.map(() => notFound));
    expect(await gate.db.selectFrom('devices').select('name').execute()).toEqual([]);
  });

  test('a name of blanks is FAILURE whatever the key', async () => {
    const profile = await gate.addProfile('p');
    expect(await gate.ask(profile, { deviceName: ' ', provisionDeviceKey: 'unknown' })).toBe(failure);
    expect(await gate.ask(profile, { deviceName: ' ', provisionDeviceSecret: 'wrong' })).toBe(failure);
  });

  test('a profile that asks for TLS refuses a plain connection, but not a secure one', async () => {
    const profile = await gate.addProfile('p', { tlsOnly: true });
    expect(await gate.ask(profile, { deviceName: 'dev' })).toBe(failure);
    expect(gate.audit.at(-1)).toMatchObject({ outcome: 'failure', detail: { reason: 'tls_required' } });
    expect(await gate.ask(profile, { deviceName: 'dev' }, { ...plain, secure: true })).toContain('SUCCESS');
  });
});

test('a request that cannot be read changes and audits nothing', async () => {
  const profile = await gate.addProfile('p');
  expect(await gate.send(`{"provisionDeviceKey":"${keyOf(profile)}"}`)).toBe(
    'malformed: Failed to find the field provisionDeviceSecret in JSON body {...}!',
  );
  expect(gate.audit).toEqual([]);
});

test('the payload may be overwritten as soon as the call returns', async () => {
  const profile = await gate.addProfile('p');
  const payload = Buffer.from(
    JSON.stringify({ provisionDeviceKey: keyOf(profile), provisionDeviceSecret: profile.secret, deviceName: 'dev' }),
  );
  const outcome = gate.provisioner.handle(payload, plain);
  payload.fill(0);
  expect(await outcome).toMatchObject({ body: { status: 'SUCCESS' } });
});

test('when the database does not answer, the request fails as such and the next one works', async () => {
  const profile = await gate.addProfile('p');
  await gate.db.schema.alterTable('devices').renameTo('away').execute();
  await expect(gate.ask(profile, { deviceName: 'dev' })).rejects.toThrow(/no such table/);
  await gate.db.schema.alterTable('away').renameTo('devices').execute();
  expect(await gate.ask(profile, { deviceName: 'dev' })).toContain('SUCCESS');
});
