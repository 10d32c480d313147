import { createHash, createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProvisioning } from './fixture.ts';

let gate: Awaited<ReturnType<typeof openProvisioning>>;
beforeEach(async () => {
  gate = await openProvisioning();
});
afterEach(() => gate.close());

const arrival = { transport: 'http', secure: false, address: '192.0.2.1' } as const;

/** Written from docs/reference/device-auth.md. */
function proved(key: Uint8Array | string, deviceName: string, stamp: string, fields: object): string {
  const empty = JSON.stringify({ deviceName, ...fields, provisionProof: '' });
  const message = `gapura-provision-v1\n${deviceName}\n${stamp}\n${empty}`;
  const proof = createHmac('sha256', key).update(message).digest('base64url');
  return empty.replace('"provisionProof":""', `"provisionProof":"${proof}"`);
}

async function ask(body: string) {
  const outcome = await gate.provisioner.handle(Buffer.from(body), arrival);
  return outcome.kind === 'answered'
    ? { ...outcome.body, prove: outcome.prove }
    : { status: outcome.kind, prove: undefined };
}

const key = 'key-p';
const secret = 'secret-p';

test('the secret need not travel: a proof by time gives JWT credentials, once, with a proof in return', async () => {
  await gate.addProfile('p');
  const time = gate.clock.now();
  const fields = { provisionDeviceKey: key, credentialsType: 'JWT', provisionTime: time };
  const body = proved(secret, 'a', String(time), fields);
  const answer = await ask(body);
  expect(answer).toMatchObject({
    status: 'SUCCESS',
    credentialsType: 'JWT',
    credentialsValue: {
      kid: expect.stringMatching(/^[A-Za-z0-9]{10}$/),
      key: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      deviceId: expect.any(String),
      instance: 'instance',
    },
  });
  const responseKey = createHmac('sha256', secret).update('gapura-response-v1').digest();
  const hash = createHash('sha256').update('text').digest();
  const expected = createHmac('sha256', responseKey).update(`${time}\n200\n`).update(hash).digest('base64url');
  expect(answer.prove?.('text')).toBe(expected);
  expect(await ask(body)).toMatchObject({ status: 'NOT_FOUND' });
});

test('a proof by the nonce of the server needs no clock', async () => {
  await gate.addProfile('p');
  const provisionNonce = gate.nonces.make(key);
  const fields = { provisionDeviceKey: key, credentialsType: 'JWT', provisionNonce };
  expect(await ask(proved(secret, 'a', provisionNonce, fields))).toMatchObject({ status: 'SUCCESS' });
  const foreign = gate.nonces.make('another key');
  const other = { ...fields, provisionNonce: foreign };
  expect(await ask(proved(secret, 'b', foreign, other))).toMatchObject({ status: 'NOT_FOUND' });
});

test('whatever is changed, the proof is none', async () => {
  await gate.addProfile('p');
  const time = gate.clock.now();
  const fields = { provisionDeviceKey: key, credentialsType: 'JWT', provisionTime: time };
  const body = proved(secret, 'a', String(time), fields);
  for (const changed of [
    body.replace('"a"', '"b"'),
    body.replace('JWT', 'ACCESS_TOKEN'),
    body.replace('}', ',"gateway":true}'),
    proved('another secret', 'a', String(time), fields),
  ]) {
    expect(await ask(changed)).toMatchObject({ status: 'NOT_FOUND' });
  }
  const old = time - 61_000;
  const stale = proved(secret, 'a', String(old), { ...fields, provisionTime: old });
  expect(await ask(stale)).toMatchObject({ status: 'NOT_FOUND' });
  expect(await ask(body)).toMatchObject({ status: 'SUCCESS' });
});

test('a profile can demand the proof', async () => {
  await gate.addProfile('p', { requireProof: true });
  const plain = { provisionDeviceKey: key, provisionDeviceSecret: secret, deviceName: 'a' };
  expect(await ask(JSON.stringify(plain))).toMatchObject({ status: 'FAILURE' });
  const wrong = { ...plain, provisionDeviceSecret: 'another secret' };
  expect(await ask(JSON.stringify(wrong))).toMatchObject({ status: 'NOT_FOUND' });
});

test('a device with a derived key proves that, and its key does not travel', async () => {
  const { id, tenantId } = await gate.addProfile('p');
  const groupKey = randomBytes(32);
  await gate.profiles.setGroupKey(tenantId, id, groupKey.toString('base64url'));
  const deviceKey = createHmac('sha256', groupKey).update('a').digest();
  const time = gate.clock.now();
  const fields = { provisionDeviceKey: key, provisionTime: time, provisionProofBy: 'deviceKey' };
  expect(await ask(proved(deviceKey, 'b', String(time), fields))).toMatchObject({ status: 'NOT_FOUND' });
  const answer = await ask(proved(deviceKey, 'a', String(time), fields));
  const kid = createHmac('sha256', deviceKey).update('gapura-kid-v1').digest('base64url').slice(0, 12);
  expect(answer).toMatchObject({ status: 'SUCCESS', credentialsType: 'JWT', credentialsValue: { kid } });
  expect(JSON.stringify(answer)).not.toContain(deviceKey.toString('base64url'));
});

test('a device may bring its public key', async () => {
  await gate.addProfile('p');
  const { publicKey } = generateKeyPairSync('ed25519');
  const request = { provisionDeviceKey: key, provisionDeviceSecret: secret, credentialsType: 'JWT', alg: 'EdDSA' };
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const answer = await ask(JSON.stringify({ ...request, deviceName: 'a', publicKey: pem }));
  expect(answer).toMatchObject({ status: 'SUCCESS', credentialsType: 'JWT' });
  expect(answer).not.toHaveProperty('credentialsValue.key');
  expect(await ask(JSON.stringify({ ...request, deviceName: 'b', publicKey: 'no key' }))).toMatchObject({
    status: 'FAILURE',
  });
});
