/** The facts of Wycheproof that apply to the tokens and keys of devices; wycheproof.json says which do not, and why. */
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createJwtKeyOf } from '../../test/jwt-key.ts';
import { completeJwtCredentials } from '../credentials/jwt-shape.ts';
import { hmacSha256 } from '../lib/hmac-sha256.ts';
import { readForm } from './form.ts';
import { parseClaims } from './json-claims.ts';
import { faultOfSignature } from './verify.ts';
import vectors from './wycheproof.json' with { type: 'json' };

/** As a token is looked at, but for the members of its header: those of Wycheproof have no `typ`. */
function isGood(jws: string, alg: 'HS256' | 'ES256', key: KeyObject): boolean {
  const form = readForm(jws);
  const header = form === undefined ? undefined : parseClaims(form.header);
  if (form === undefined || header === undefined) return false;
  const head = { form, alg: String(header['alg']), typ: '', kid: '' };
  const holder = alg === 'HS256' ? createJwtKeyOf(key.export()) : { ...createJwtKeyOf(Buffer.alloc(32)), alg, key };
  return faultOfSignature(head, holder) === undefined;
}

const secret = (text: string): KeyObject => createSecretKey(Buffer.from(text, 'base64url'));
const verdict = (isValid: boolean) => (isValid ? 'valid' : 'invalid');
const name = '$tcId $comment is $result';

describe('json_web_signature', () => {
  test.each(vectors.base64.tests)(name, ({ jws, result }) => {
    expect(verdict(isGood(jws, 'HS256', secret(vectors.base64.key)))).toBe(result);
  });

  const es256 = createPublicKey({ key: vectors.es256.key, format: 'jwk' });
  test.each(vectors.es256.tests)(name, ({ jws, result }) => {
    expect(verdict(isGood(jws, 'ES256', es256))).toBe(result);
  });

  test.each(vectors.stricter.tests)('$tcId $comment is refused all the same', ({ jws }) => {
    expect(isGood(jws, 'HS256', secret(vectors.stricter.key))).toBe(false);
  });
});

describe('json_web_key', () => {
  const context = { groupKey: undefined, deviceName: 'device' };

  test.each(vectors.hs256Keys.filter(({ result }) => result === 'valid'))(name, ({ jws, key }) => {
    expect(isGood(jws, 'HS256', secret(key))).toBe(true);
  });

  test.each(vectors.hs256Keys.filter(({ result }) => result === 'invalid'))('$tcId $comment is no key', ({ key }) => {
    expect(completeJwtCredentials({ type: 'JWT', key }, context)).toMatch(/key is not base64url of 32 to 64 bytes/);
  });

  test.each(vectors.ecKeys.tests)('$tcId $comment is no key', ({ key }) => {
    const request = { type: 'JWT', alg: 'ES256', publicKey: key } as const;
    expect(completeJwtCredentials(request, context)).toMatch(/publicKey is not a key for ES256/);
  });

  test('the same key with its right point and curve is one', () => {
    const request = { type: 'JWT', alg: 'ES256', publicKey: vectors.es256.key } as const;
    expect(completeJwtCredentials(request, context)).toMatchObject({ type: 'JWT', alg: 'ES256' });
  });
});

test.each(vectors.hmac)('hmac_sha256 $tcId is $result', ({ key, msg, tag, result }) => {
  const mac = hmacSha256(Buffer.from(key, 'hex'), Buffer.from(msg, 'hex')).toString('hex');
  expect(verdict(mac === tag)).toBe(result);
});

test('a signature that was cut off, or has something behind it, is refused', () => {
  const [{ jws } = { jws: '' }] = vectors.base64.tests;
  const key = secret(vectors.base64.key);
  expect(isGood(jws, 'HS256', key)).toBe(true);
  const dot = jws.lastIndexOf('.') + 1;
  const mac = Buffer.from(jws.slice(dot), 'base64url');
  for (const changed of [
    mac.subarray(0, 31),
    mac.subarray(0, 16),
    Buffer.concat([mac, mac.subarray(0, 1)]),
    Buffer.concat([mac, mac]),
  ]) {
    expect(isGood(jws.slice(0, dot) + changed.toString('base64url'), 'HS256', key)).toBe(false);
  }
});
