import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Credentials } from '#contract/credentials.ts';
import { type RegistryApp, startRegistryApp } from '../../test/registry-app.ts';
import type { Arrival, GateAnswer } from './gate.ts';

const overMqtt: Arrival = { transport: 'mqtt', secure: false, address: '127.0.0.1' };
const overHttp: Arrival = { transport: 'http', secure: false, address: '127.0.0.1' };

let app: RegistryApp;
const start = async (): Promise<void> => {
  app = await startRegistryApp();
};
const stop = (): Promise<void> => app.stop();

/** The name of the device that came in, or why it did not. */
function said(answer: GateAnswer): string {
  return 'refused' in answer ? answer.refused : answer.deviceName;
}

const connect = async (
  clientId: string,
  username?: string,
  password?: string,
  arrival: Arrival = overMqtt,
): Promise<string> => said(await app.gate.byMqttConnect({ clientId, username, password }, arrival));

const withToken = async (token: string, arrival: Arrival = overHttp): Promise<string> =>
  said(await app.gate.byAccessToken(token, arrival));

const basic = (parts: { clientId?: string; userName?: string; password?: string }): { credentials: Credentials } => ({
  credentials: { type: 'MQTT_BASIC', ...parts },
});

describe('MQTT CONNECT, reference §1.1 step 3', () => {
  // One for all: no row changes anything.
  beforeAll(async () => {
    await start();
    await app.addDevice('by token', { credentials: { type: 'ACCESS_TOKEN', token: 'tok' } });
    await app.addDevice('by client id', basic({ clientId: 'c1' }));
    await app.addDevice('by user name', basic({ userName: 'u1' }));
    await app.addDevice('by user name and password', basic({ userName: 'u2', password: 'p2' }));
    await app.addDevice('by both', basic({ clientId: 'c3', userName: 'u3' }));
    await app.addDevice('by all', basic({ clientId: 'c4', userName: 'u4', password: 'p4' }));
    // Its user name is the one of `by user name and password`, so a wrong password must not fall through to that.
    await app.addDevice('by all of u2', basic({ clientId: 'c5', userName: 'u2', password: 'p5' }));
    // Its user name is the token of `by token`.
    await app.addDevice('by client id and token', basic({ clientId: 'c6', userName: 'tok', password: 'p6' }));
    await app.addDevice('by odd client id', basic({ clientId: 'c7|u7' }));
  });

  afterAll(stop);

  const refused = 'invalid_credentials';
  test.each<[rule: string, clientId: string, userName: string | undefined, password: string | undefined, said: string]>(
    [
      ['no user name: the client id is looked up', 'c1', undefined, undefined, 'by client id'],
      ['an empty user name is none', 'c1', '', undefined, 'by client id'],
      ['a password without user name is not asked for', 'c1', undefined, 'anything', 'by client id'],
      ['no user name, unknown client id', 'c0', undefined, undefined, refused],
      ['no user name, empty client id', '', undefined, undefined, refused],
      ['an access token is no client id', 'tok', undefined, undefined, refused],
      ['a user name alone is no client id', 'u1', undefined, undefined, refused],
      ['client id of a device that asks for its user name too', 'c3', undefined, undefined, refused],
      ['an access token as user name', '', 'tok', undefined, 'by token'],
      ['password and client id beside an access token are ignored', 'whatever', 'tok', 'ignored', 'by token'],
      ['user name alone', '', 'u1', undefined, 'by user name'],
      ['user name, any client id', 'whatever', 'u1', undefined, 'by user name'],
      ['a password is asked for only where one is stored', '', 'u1', 'anything', 'by user name'],
      ['user name and password', '', 'u2', 'p2', 'by user name and password'],
      ['user name and password, any client id', 'whatever', 'u2', 'p2', 'by user name and password'],
      ['user name and wrong password', '', 'u2', 'p5', refused],
      ['user name and no password', '', 'u2', undefined, refused],
      ['user name and empty password', '', 'u2', '', refused],
      ['client id and user name', 'c3', 'u3', undefined, 'by both'],
      ['client id and user name, any password', 'c3', 'u3', 'anything', 'by both'],
      ['user name without the client id beside it', '', 'u3', undefined, refused],
      ['user name with another client id', 'c4', 'u3', undefined, refused],
      ['all three', 'c4', 'u4', 'p4', 'by all'],
      ['all three, wrong password', 'c4', 'u4', 'p2', refused],
      ['all three, no password', 'c4', 'u4', undefined, refused],
      ['the pair is found first', 'c5', 'u2', 'p5', 'by all of u2'],
      ['a wrong password of the pair is final, though it fits the user name alone', 'c5', 'u2', 'p2', refused],
      ['a wrong password of the pair is final, though the user name is a token', 'c6', 'tok', 'p2', refused],
      ['the pair before the token', 'c6', 'tok', 'p6', 'by client id and token'],
      ['a client id with | in it is no pair', 'c7', 'u7', undefined, refused],
      ['a client id with | in it', 'c7|u7', undefined, undefined, 'by odd client id'],
      ['a client id of a device does not stand in for a user name', '', 'c1', undefined, refused],
      ['an unknown user name', 'c1', 'u0', undefined, refused],
      ['a client id of a device beside an unknown user name does not help', 'c1', 'nobody', undefined, refused],
      ['a client id beyond all limits beside a token', 'x'.repeat(5000), 'tok', undefined, 'by token'],
      ['a client id beyond all limits alone', 'x'.repeat(5000), undefined, undefined, refused],
      ['a user name beyond all limits', '', 'x'.repeat(5000), undefined, refused],
      ['hostile text', `' or '1'='1`, `"; drop table devices`, '%', refused],
    ],
  )('%s', async (_rule, clientId, userName, password, expected) => {
    expect(await connect(clientId, userName, password)).toBe(expected);
    // The same from memory.
    expect(await connect(clientId, userName, password)).toBe(expected);
  });
});

describe('an access token in the HTTP path', () => {
  beforeEach(start);
  afterEach(stop);

  test('lets its device in, the second time at once', async () => {
    const { deviceId, credentialsId } = await app.addDevice('a', {
      credentials: { type: 'ACCESS_TOKEN', token: 'tok' },
    });
    const first = app.gate.byAccessToken('tok', overHttp);
    expect(first).toBeInstanceOf(Promise);
    await first;
    const second = app.gate.byAccessToken('tok', overHttp);
    expect(second).toEqual({
      tenantId: 't1',
      deviceId,
      deviceName: 'a',
      isGateway: false,
      credentialsId,
      credentialsExpireAt: null,
      policy: { profileId: app.profileId, tlsOnly: false, tokenInPath: true, minAuth: 'token', requireNonce: false },
    });
    expect(Object.isFrozen(second)).toBe(true);
  });

  test('is not the user name of MQTT_BASIC credentials', async () => {
    await app.addDevice('a', basic({ userName: 'u1' }));
    expect(await withToken('u1')).toBe('invalid_credentials');
  });

  test.each(['', 'unknown', 'x'.repeat(100_000), 'tok\u0000'])('%#: what nobody has is refused', async (token) => {
    await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'tok' } });
    expect(await withToken(token)).toBe('invalid_credentials');
  });
});

describe('what the device and its profile ask for', () => {
  beforeEach(start);
  afterEach(stop);

  const secure: Arrival = { ...overHttp, secure: true };

  test('a disabled device is told so only when its credentials are right', async () => {
    const { deviceId } = await app.addDevice('a', basic({ userName: 'u', password: 'p' }));
    expect(await connect('', 'u', 'p')).toBe('a');
    await app.devices.update('t1', deviceId, { enabled: false });
    expect(await connect('', 'u', 'p')).toBe('device_disabled');
    expect(await connect('', 'u', 'wrong')).toBe('invalid_credentials');
    await app.devices.update('t1', deviceId, { enabled: true });
    expect(await connect('', 'u', 'p')).toBe('a');
  });

  test('a profile that asks for TLS refuses connections without, on either transport', async () => {
    await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'tok' } });
    expect(await withToken('tok')).toBe('a');
    await app.profiles.update('t1', app.profileId, { tlsOnly: true });
    expect(await withToken('tok')).toBe('https_required');
    expect(await connect('', 'tok')).toBe('https_required');
    expect(await withToken('tok', secure)).toBe('a');
    expect(await connect('', 'tok', undefined, { ...overMqtt, secure: true })).toBe('a');
    expect(await withToken('wrong')).toBe('invalid_credentials');
  });

  test('a profile that wants no tokens in paths refuses them there and takes them over MQTT', async () => {
    await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'tok' } });
    await app.profiles.update('t1', app.profileId, { tokenInPath: false });
    expect(await withToken('tok', secure)).toBe('auth_too_weak');
    expect(await connect('', 'tok')).toBe('a');
    expect(await withToken('tok', overMqtt)).toBe('a');
  });

  test('a device that moves to another profile follows that one', async () => {
    const { deviceId } = await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'tok' } });
    expect(await withToken('tok')).toBe('a');
    const strict = await app.profiles.create('t1', { name: 'strict', tlsOnly: true });
    await app.devices.update('t1', deviceId, { profileId: strict.id });
    expect(await withToken('tok')).toBe('https_required');
  });
});

describe('what is remembered stays true', () => {
  beforeEach(start);
  afterEach(stop);

  test('a token that was tried before its device was made works once it is made', async () => {
    expect(await withToken('tok')).toBe('invalid_credentials');
    await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'tok' } });
    expect(await withToken('tok')).toBe('a');
  });

  test('a token that was tried before it was set works once it is set, and the old one no more', async () => {
    const { deviceId } = await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'old' } });
    expect(await withToken('old')).toBe('a');
    expect(await withToken('new')).toBe('invalid_credentials');
    await app.credentials.set('t1', deviceId, { type: 'ACCESS_TOKEN', token: 'new' });
    expect(await withToken('new')).toBe('a');
    expect(await withToken('old')).toBe('invalid_credentials');
  });

  test('revoked credentials and deleted devices are refused at once', async () => {
    const first = await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'tok-a' } });
    const second = await app.addDevice('b', { credentials: { type: 'ACCESS_TOKEN', token: 'tok-b' } });
    expect([await withToken('tok-a'), await withToken('tok-b')]).toEqual(['a', 'b']);
    await app.credentials.revoke('t1', first.deviceId);
    await app.devices.remove('t1', second.deviceId);
    expect([await withToken('tok-a'), await withToken('tok-b')]).toEqual([
      'invalid_credentials',
      'invalid_credentials',
    ]);
  });

  test('a renamed device has its new name', async () => {
    const { deviceId } = await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'tok' } });
    expect(await withToken('tok')).toBe('a');
    await app.devices.update('t1', deviceId, { name: 'b' });
    expect(await withToken('tok')).toBe('b');
  });

  test('a lookup that is under way while credentials are revoked leaves nothing behind', async () => {
    const { deviceId } = await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'tok' } });
    const underWay = Array.from({ length: 20 }, () => withToken('tok'));
    await app.credentials.revoke('t1', deviceId);
    await Promise.all(underWay);
    expect(await withToken('tok')).toBe('invalid_credentials');
  });

  test('devices that come all at once are told apart, strangers among them too', async () => {
    const names = Array.from({ length: 150 }, (_, i) => `d${i}`);
    for (const name of names) await app.addDevice(name, { credentials: { type: 'ACCESS_TOKEN', token: `of-${name}` } });
    const shown = [...names.map((name) => `of-${name}`), 'of-nobody'];
    const answers = await Promise.all(shown.map((token) => connect('client', token)));
    expect(answers).toEqual([...names, 'invalid_credentials']);
  });

  test('who came before is known at once, and who did not is asked for once', async () => {
    await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'tok' } });
    const come = (username: string) =>
      app.gate.byMqttConnect({ clientId: 'c', username, password: undefined }, overMqtt);
    expect(come('tok')).toBeInstanceOf(Promise);
    await come('tok');
    expect(come('tok')).toMatchObject({ deviceName: 'a' });
    await come('wrong');
    expect(come('wrong')).toEqual({ refused: 'invalid_credentials' });
  });

  test('a rotated token works until its overlap ends, also from memory', async () => {
    const { deviceId } = await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'old' } });
    expect(await withToken('old')).toBe('a');
    const { credentials } = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 60 });
    const token = credentials.type === 'ACCESS_TOKEN' ? credentials.token : '';
    expect(await app.gate.byAccessToken('old', overHttp)).toMatchObject({
      credentialsExpireAt: app.clock.now() + 60_000,
    });
    app.clock.advance(59_999);
    expect([await withToken('old'), await withToken(token)]).toEqual(['a', 'a']);
    app.clock.advance(1);
    expect([await withToken('old'), await withToken(token)]).toEqual(['invalid_credentials', 'a']);
  });

  test('a rotated password works until its overlap ends, under the same user name', async () => {
    const { deviceId, credentialsId } = await app.addDevice(
      'a',
      basic({ clientId: 'c', userName: 'u', password: 'old' }),
    );
    const { credentials, id } = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 60 });
    const password = credentials.type === 'MQTT_BASIC' ? credentials.password : '';
    expect(credentials).toEqual({ type: 'MQTT_BASIC', clientId: 'c', userName: 'u', password: expect.any(String) });
    const shown = { clientId: 'c', username: 'u' };
    expect(await app.gate.byMqttConnect({ ...shown, password: 'old' }, overMqtt)).toMatchObject({ credentialsId });
    expect(await app.gate.byMqttConnect({ ...shown, password }, overMqtt)).toMatchObject({ credentialsId: id });
    expect(await connect('c', 'u', 'wrong')).toBe('invalid_credentials');
    app.clock.advance(60_000);
    expect([await connect('c', 'u', 'old'), await connect('c', 'u', password)]).toEqual(['invalid_credentials', 'a']);
  });
});
