import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Credentials } from '#contract/credentials.ts';
import { type RegistryApp, startRegistryApp } from '../../test/registry-app.ts';

let app: RegistryApp;
let deviceId: string;
let credentialsId: string;
beforeEach(async () => {
  app = await startRegistryApp();
  const made = await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'first' } });
  ({ deviceId, credentialsId } = made);
  app.heard.length = 0;
});
afterEach(() => app.stop());

const revokedIds = (): string[][] =>
  app.heard.flatMap((message) => (message.kind === 'credentials.revoked' ? [[...message.credentialsIds]] : []));

const token = (text: string): Credentials => ({ type: 'ACCESS_TOKEN', token: text });

describe('credentials of a device', () => {
  test('are shown as they were given', async () => {
    expect(await app.credentials.read('t1', deviceId)).toEqual({
      id: credentialsId,
      deviceId,
      credentials: token('first'),
      createdAt: app.clock.now(),
      next: null,
      retiring: null,
    });
  });

  test('that are set replace those before, whose sessions are told to close', async () => {
    const basic: Credentials = { type: 'MQTT_BASIC', clientId: 'c', userName: 'u', password: 'p' };
    expect(await app.credentials.set('t1', deviceId, basic)).toMatchObject({ credentials: basic, retiring: null });
    expect(revokedIds()).toEqual([[credentialsId]]);
    expect(await app.credentials.current({ tenantId: 't1', deviceId })).toEqual(basic);
  });

  test('that are set again stay, and close nothing', async () => {
    expect((await app.credentials.set('t1', deviceId, token('first'))).id).toBe(credentialsId);
    expect(revokedIds()).toEqual([]);
  });

  test('rotate without overlap: the old ones end at once', async () => {
    const rotated = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 0 });
    expect(rotated).toMatchObject({ credentials: { type: 'ACCESS_TOKEN' }, retiring: null });
    expect(rotated.credentials).not.toEqual(token('first'));
    expect(revokedIds()).toEqual([[credentialsId]]);
  });

  test('rotate with an overlap: both are shown until the sweep ends the old ones and their sessions', async () => {
    app.credentials.start();
    const expiresAt = app.clock.now() + 30_000;
    const { id } = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 30 });
    const retiring = { id: credentialsId, credentials: token('first'), expiresAt };
    expect(await app.credentials.read('t1', deviceId)).toMatchObject({ id, retiring });
    app.clock.advance(29_000);
    await expect.poll(() => app.db.selectFrom('credentials').select('id').execute()).toHaveLength(2);
    expect(revokedIds()).toEqual([]);
    app.clock.advance(1_000);
    expect(await app.credentials.read('t1', deviceId)).toMatchObject({ id, retiring: null });
    await expect.poll(revokedIds).toEqual([[credentialsId]]);
    expect(await app.db.selectFrom('credentials').select('id').execute()).toEqual([{ id }]);
    expect(app.faults).toEqual([]);
  });

  test('rotate twice: the second rotation ends the overlap of the first', async () => {
    const first = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 30 });
    const second = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 30 });
    expect(second.retiring?.id).toBe(first.id);
    expect(revokedIds()).toEqual([[credentialsId]]);
  });

  test('with a password rotate twice under the same user name', async () => {
    await app.credentials.set('t1', deviceId, { type: 'MQTT_BASIC', userName: 'u', password: 'p' });
    const first = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 30 });
    const second = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 30 });
    expect(second.retiring).toMatchObject({ id: first.id, credentials: first.credentials });
    expect(second.credentials).toMatchObject({ userName: 'u' });
  });

  test.each<[secret: string, before: Credentials, kept: object]>([
    ['the user name', { type: 'MQTT_BASIC', clientId: 'c', userName: 'u' }, { clientId: 'c' }],
    ['the user name', { type: 'MQTT_BASIC', userName: 'u' }, {}],
    ['the client id', { type: 'MQTT_BASIC', clientId: 'c' }, {}],
    [
      'the password',
      { type: 'MQTT_BASIC', clientId: 'c', userName: 'u', password: 'p' },
      { clientId: 'c', userName: 'u' },
    ],
  ])('rotate %s where that is the secret', async (_secret, before, kept) => {
    await app.credentials.set('t1', deviceId, before);
    const { credentials } = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 60 });
    expect(credentials).toMatchObject(kept);
    expect(Object.keys(credentials)).toEqual(Object.keys(before));
    expect(credentials).not.toEqual(before);
  });

  test('that are revoked leave none, retiring ones included, until new ones are made', async () => {
    const { id } = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 30 });
    await app.credentials.revoke('t1', deviceId);
    expect(revokedIds()).toEqual([
      expect.toSatisfy((ids: string[]) => ids.includes(id) && ids.includes(credentialsId)),
    ]);
    await expect(app.credentials.read('t1', deviceId)).rejects.toMatchObject({ code: 'not_found' });
    expect(await app.credentials.current({ tenantId: 't1', deviceId })).toBeUndefined();
    const rotated = await app.credentials.rotate('t1', deviceId, { overlapSeconds: 30 });
    expect(rotated).toMatchObject({ credentials: { type: 'ACCESS_TOKEN' }, retiring: null });
  });

  test('belong to one device on the whole server: a token and a user name alone are the same', async () => {
    const other = await app.addDevice('b', {
      tenantId: 't2',
      profileId: app.otherProfileId,
      credentials: { type: 'MQTT_BASIC', userName: 'shared', password: 'p' },
    });
    await expect(app.credentials.set('t1', deviceId, token('shared'))).rejects.toMatchObject({
      code: 'credentials_taken',
    });
    await expect(
      app.credentials.set('t2', other.deviceId, { type: 'MQTT_BASIC', userName: 'first' }),
    ).rejects.toMatchObject({ code: 'credentials_taken' });
    // A refused change leaves everything as it was.
    expect(await app.credentials.current({ tenantId: 't1', deviceId })).toEqual(token('first'));
    // A client id alone, or together with a user name, is something else.
    await app.credentials.set('t1', deviceId, { type: 'MQTT_BASIC', clientId: 'shared' });
    await app.credentials.set('t1', deviceId, { type: 'MQTT_BASIC', clientId: 'x', userName: 'shared' });
  });

  test('of a retiring kind stay taken while they work', async () => {
    const other = await app.addDevice('b');
    await app.credentials.rotate('t1', deviceId, { overlapSeconds: 30 });
    await expect(app.credentials.set('t1', other.deviceId, token('first'))).rejects.toMatchObject({
      code: 'credentials_taken',
    });
  });

  test.each<[fault: string, credentials: Credentials]>([
    ['nothing to be found by', { type: 'MQTT_BASIC' }],
    ['a password beside a client id alone', { type: 'MQTT_BASIC', clientId: 'c', password: 'p' }],
    ['a token that is no path segment', token('a/b')],
    ['a token with half a surrogate pair', token('a\ud800')],
    ['a control character', { type: 'MQTT_BASIC', userName: 'a\u0000b' }],
    ['an empty user name', { type: 'MQTT_BASIC', userName: '' }],
    ['a token that is too long', token('x'.repeat(256))],
  ])('with %s are refused', async (_fault, credentials) => {
    await expect(app.credentials.set('t1', deviceId, credentials)).rejects.toMatchObject({ code: 'invalid_payload' });
  });

  test('of another tenant do not exist', async () => {
    for (const call of [
      () => app.credentials.read('t2', deviceId),
      () => app.credentials.set('t2', deviceId, token('x')),
      () => app.credentials.rotate('t2', deviceId, { overlapSeconds: 0 }),
      () => app.credentials.revoke('t2', deviceId),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'not_found' });
    }
    expect(await app.credentials.current({ tenantId: 't2', deviceId })).toBeUndefined();
    expect(await app.credentials.current({ tenantId: 't1', deviceId })).toEqual(token('first'));
  });

  test('of two rotations at once one follows the other', async () => {
    const rotated = await Promise.all(
      Array.from({ length: 8 }, () => app.credentials.rotate('t1', deviceId, { overlapSeconds: 0 })),
    );
    const left = await app.db.selectFrom('credentials').select('id').execute();
    expect(left).toEqual([{ id: rotated.at(-1)?.id }]);
  });
});

test('a stolen database yields no secret', async () => {
  const secrets = {
    token: 'tokenthatnobodymaysee',
    userName: 'usernamethatnobodymaysee',
    password: 'passwordthatnobodymaysee',
    provisioning: 'provisioningsecretthatnobodymaysee',
  };
  await app.credentials.set('t1', deviceId, token(secrets.token));
  await app.addDevice('b', {
    credentials: { type: 'MQTT_BASIC', userName: secrets.userName, password: secrets.password },
  });
  await app.profiles.create('t1', { name: 'visible name', provisioning: { secret: secrets.provisioning } });
  const bytes = await app.fileBytes();
  expect(bytes.includes('visible name')).toBe(true);
  for (const secret of Object.values(secrets)) {
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(Buffer.from(secret).toString('base64'))).toBe(false);
    expect(bytes.includes(Buffer.from(secret).toString('hex'))).toBe(false);
  }
});
