/** `provisionProof`: shows that a device knows a secret which does not travel (docs/reference/device-auth.md). */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { derivedKey } from '../credentials/jwt-shape.ts';
import { hmacSha256 } from '../lib/hmac-sha256.ts';
import type { ProvisionProfile } from './deps.ts';
import { type Malformed, malformed } from './malformed.ts';

export interface ProvisionProof {
  /** base64url of 32 bytes. */
  readonly value: string;
  readonly by: 'secret' | 'deviceKey';
  /** The server's nonce or the device's time in ms, as it stood in the JSON. */
  readonly nonce: string | undefined;
  readonly time: string | undefined;
  /** What was proved: the JSON text with an empty proof. */
  readonly body: string;
}

const member = /"provisionProof":"([A-Za-z0-9_-]{43})"/g;
/** As for tokens. */
const maxTimeDifferenceMs = 60_000;
/** Takes the place of a key that does not exist, so that the time tells nothing. */
const nobodysKey = randomBytes(32);

/** @param text of the request's JSON, which `body` was parsed from */
export function readProof(text: string, body: Record<string, unknown>): ProvisionProof | Malformed {
  const [match, second] = text.matchAll(member);
  const value = match?.[1];
  // Canonical, so that a proof that has been used cannot come again in another spelling.
  const isCanonical = value !== undefined && Buffer.from(value, 'base64url').toString('base64url') === value;
  if (match === undefined || !isCanonical || second !== undefined || body['provisionProof'] !== value) {
    return malformed('The field provisionProof is to stand once, as "provisionProof":"<43 characters of base64url>".');
  }
  const by = body['provisionProofBy'] ?? 'secret';
  if (by !== 'secret' && by !== 'deviceKey') return malformed('The field provisionProofBy is secret or deviceKey.');
  const nonce = body['provisionNonce'] ?? undefined;
  const time = body['provisionTime'] ?? undefined;
  if ((nonce === undefined) === (time === undefined)) {
    return malformed('A provisionProof needs a provisionNonce or a provisionTime.');
  }
  if (nonce !== undefined && typeof nonce !== 'string') return malformed('The field provisionNonce is not a text.');
  if (time !== undefined && !/^\d{1,15}$/.test(String(time))) {
    return malformed('The field provisionTime is not a whole number of milliseconds.');
  }
  const start = match.index + '"provisionProof":"'.length;
  return {
    value,
    by,
    nonce,
    time: time === undefined ? undefined : String(time),
    body: text.slice(0, start) + text.slice(start + value.length),
  };
}

/** With what a proof is made. */
export function proofKey(proof: ProvisionProof, profile: ProvisionProfile | undefined, deviceName: string): Uint8Array {
  if (profile === undefined) return nobodysKey;
  if (proof.by === 'secret') return Buffer.from(profile.secret, 'utf8');
  return derivedKey(profile.groupKey ?? nobodysKey, deviceName);
}

/** Whether it was made with that key, lately. @param isGoodNonce for the provisioning key of the request */
export function isProved(
  proof: ProvisionProof,
  deviceName: string,
  key: Uint8Array,
  nowMs: number,
  isGoodNonce: (nonce: string) => boolean,
): boolean {
  const { nonce, time } = proof;
  const expected = hmacSha256(key, `gapura-provision-v1\n${deviceName}\n${nonce ?? time ?? ''}\n${proof.body}`);
  const isRight = timingSafeEqual(expected, Buffer.from(proof.value, 'base64url'));
  const isFresh = nonce === undefined ? Math.abs(Number(time) - nowMs) <= maxTimeDifferenceMs : isGoodNonce(nonce);
  return isRight && isFresh;
}
