/** What a device with JWT credentials computes, byte by byte (docs/reference/device-auth.md). */
import { createHash, createHmac, sign, timingSafeEqual } from 'node:crypto';

/** The key of a device. HS256: shared with the server. Otherwise the private key, which the server never sees. */
export type DeviceKey =
  | { readonly kid: string; readonly alg: 'HS256' /** base64url of 32 to 64 bytes. */; readonly key: string }
  | { readonly kid: string; readonly alg: 'ES256' | 'EdDSA' /** PEM. */; readonly privateKey: string };

export interface BearerClaims {
  /** Device id. */
  readonly sub: string;
  /** Instance id. */
  readonly aud: string;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
  /** Of `telemetry attributes rpc ota`. */
  readonly scope: string;
}

export interface SignedRequest {
  /** Device id. */
  readonly sub: string;
  readonly method: string;
  /** As it stands in the request line, with its query. */
  readonly target: string;
  readonly body: string | Uint8Array;
  /** Milliseconds since 1970, never used twice with a key. */
  readonly jti: number;
  readonly nonce?: string;
}

export const signedLifeSeconds = 60;

export function bearerToken(key: DeviceKey, claims: BearerClaims): string {
  return jwt(key, 'JWT', claims);
}

/** A token for one request alone. */
export function signedToken(key: DeviceKey, { sub, method, target, body, jti, nonce }: SignedRequest): string {
  const iat = Math.floor(jti / 1000);
  const rqh = createHash('sha256').update(`${method} ${target}\n`).update(body).digest('base64url');
  return jwt(key, 'dr+jwt', {
    sub,
    iat,
    exp: iat + signedLifeSeconds,
    jti: String(jti),
    rqh,
    ...(nonce !== undefined && { nonce }),
  });
}

/** The `client_assertion` of `POST /api/v1/auth/token` (RFC 7523). */
export function clientAssertion(
  key: DeviceKey,
  claims: { sub: string; aud: string; iat: number; exp: number },
): string {
  return jwt(key, 'JWT', { iss: claims.sub, ...claims });
}

function jwt(key: DeviceKey, typ: string, claims: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode({ alg: key.alg, typ, kid: key.kid })}.${encode(claims)}`;
  return `${input}.${signatureOf(key, input)}`;
}

function signatureOf(key: DeviceKey, input: string): string {
  if (key.alg === 'HS256') return hmac(secretOf(key.key), input).toString('base64url');
  // RFC 7518 §3.4: R and S side by side, not DER.
  const privateKey = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return sign(key.alg === 'ES256' ? 'sha256' : null, Buffer.from(input), privateKey).toString('base64url');
}

/** The bytes of a key that stands in JSON as base64url. */
export const secretOf = (key: string): Buffer => Buffer.from(key, 'base64url');

function hmac(key: Uint8Array, ...parts: (string | Uint8Array)[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/**
 * Whether an answer comes from who knows the key.
 * @param key the bytes of the device key, or those that proved a provisioning request
 * @param jti of the request; the nonce or time of a provisioning request
 * @param proof the header Device-Proof
 */
export function isProven(
  key: Uint8Array,
  jti: string,
  answer: { readonly status: number; readonly body: string },
  proof: string | null | undefined,
): boolean {
  if (!proof) return false;
  const bodyHash = createHash('sha256').update(answer.body).digest();
  const responseKey = hmac(key, 'gapura-response-v1');
  const expected = hmac(responseKey, `${jti}\n${String(answer.status).padStart(3, '0')}\n`, bodyHash);
  const shown = Buffer.from(proof, 'base64url');
  return shown.length === expected.length && timingSafeEqual(shown, expected);
}

/** The next key (base64url) when only its salt travelled. */
export function deriveNextKey(signingKey: string, kid: string, salt: string): string {
  return hmac(secretOf(signingKey), `gapura-next-key-v1\n${kid}\n`, secretOf(salt)).toString('base64url');
}

/** The key (base64url) that a factory burns into a device of a profile with a group key. */
export function deriveDeviceKey(groupKey: string, deviceName: string): string {
  return hmac(secretOf(groupKey), deviceName).toString('base64url');
}

/**
 * The body of a provisioning request with its proof filled in.
 * @param key the bytes of the provision secret's UTF-8, or of the derived device key
 * @param members of the request, without a proof; `provisionNonce` or `provisionTime` among them
 */
export function provenProvisionBody(
  key: Uint8Array,
  members: { readonly deviceName: string; readonly provisionNonce?: string; readonly provisionTime?: number },
): string {
  const body = JSON.stringify({ ...members, provisionProof: '' });
  const fresh = members.provisionNonce ?? members.provisionTime ?? '';
  const proof = hmac(key, `gapura-provision-v1\n${members.deviceName}\n${fresh}\n`, body).toString('base64url');
  return `${body.slice(0, -'"}'.length)}${proof}"}`;
}
