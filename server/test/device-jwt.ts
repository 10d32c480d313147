/** A device that makes its own tokens, written from docs/reference/device-auth.md and nothing else. */
import { createHash, createHmac, type KeyObject, sign } from 'node:crypto';

export interface JwtDeviceKey {
  readonly kid: string;
  /** base64url; for ES256 and EdDSA the private key. */
  readonly key: string | KeyObject;
  readonly deviceId: string;
  readonly instance: string;
  readonly alg?: 'HS256' | 'ES256' | 'EdDSA';
}

type Json = { readonly [name: string]: unknown };

export const b64u = (value: string | Uint8Array): string => Buffer.from(value as string).toString('base64url');
export const jsonPart = (value: Json): string => b64u(JSON.stringify(value));

export function hmac(key: string | Uint8Array, ...parts: (string | Uint8Array)[]): Buffer {
  const mac = createHmac('sha256', typeof key === 'string' ? Buffer.from(key, 'base64url') : key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

export function signInput(device: JwtDeviceKey, input: string): string {
  const { key, alg = 'HS256' } = device;
  if (typeof key === 'string') return hmac(key, input).toString('base64url');
  const bytes = Buffer.from(input);
  return (
    alg === 'ES256' ? sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }) : sign(null, bytes, key)
  ).toString('base64url');
}

export function makeToken(device: JwtDeviceKey, claims: Json, header: Json = {}): string {
  const head = { alg: device.alg ?? 'HS256', typ: 'JWT', kid: device.kid, ...header };
  const input = `${jsonPart(head)}.${jsonPart(claims)}`;
  return `${input}.${signInput(device, input)}`;
}

/** @param changes to the claims; undefined takes one away */
export function bearerToken(device: JwtDeviceKey, changes: Json = {}, header: Json = {}): string {
  const iat = Math.floor(Date.now() / 1000);
  const { deviceId: sub, instance: aud } = device;
  return makeToken(device, { sub, aud, iat, exp: iat + 3600, scope: 'telemetry attributes', ...changes }, header);
}

let last = 0;
export function nextJti(): number {
  last = Math.max(Date.now(), last + 1);
  return last;
}

export function requestHash(method: string, target: string, body: string | Uint8Array = ''): string {
  return createHash('sha256').update(`${method} ${target}\n`).update(body).digest('base64url');
}

export function signedToken(
  device: JwtDeviceKey,
  method: string,
  target: string,
  body: string | Uint8Array = '',
  changes: Json = {},
  header: Json = {},
): string {
  const ms = nextJti();
  const iat = Math.floor(ms / 1000);
  const claims = { sub: device.deviceId, iat, exp: iat + 60, jti: String(ms), rqh: requestHash(method, target, body) };
  return makeToken(device, { ...claims, ...changes }, { typ: 'dr+jwt', ...header });
}

/** What `Device-Proof` has to be. */
export function expectedProof(key: string, jti: string, status: number, body: string): string {
  const responseKey = hmac(key, 'gapura-response-v1');
  return hmac(responseKey, `${jti}\n${status}\n`, createHash('sha256').update(body).digest()).toString('base64url');
}

export const jtiOf = (token: string): string =>
  String(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti);
