/** A device that proves itself by JSON Web Tokens over HTTP, checks who answers, and renews its key. */
import type { DeviceHttp, DeviceHttpAnswer } from './http.ts';
import { createDeviceCalls, DeviceRefused, type HttpDevice, problemCode } from './http-device.ts';
import type { IdentityStore, JwtIdentity } from './jwt-identity.ts';
import { bearerToken, type DeviceKey, deriveNextKey, isProven, secretOf, signedToken } from './jwt-proofs.ts';
import { createNodeDeviceHttp } from './node-http.ts';

export interface JwtDeviceOptions {
  /** e.g. `http://localhost:8080` */
  readonly baseUrl: string;
  /** Holds the identity that provisioning gave. */
  readonly store: IdentityStore;
  /**
   * `bearer`: one token for an hour; says who sends, not what, so it is for TLS. `signed` (the default): a token for
   * each request; nobody on the way can change, repeat or invent one, nor an answer.
   */
  readonly mode?: 'bearer' | 'signed';
  /** Of bearer tokens. */
  readonly scope?: string;
  readonly http?: DeviceHttp;
  /** Milliseconds; need not be the right time, for the device learns it from the server's answers. */
  readonly now?: () => number;
}

export interface JwtDevice extends HttpDevice {
  /** Any request of the device API, `path` after `/api/v1/`. @throws DeviceRefused, UntrustedAnswer */
  request(method: 'GET' | 'POST', path: string, body?: string): Promise<string>;
  /** Replaces an HS256 key; see the C++ library for why a power cut at any step locks nobody out. */
  renewKey(): Promise<void>;
}

/** The answer does not come from who knows the device's key. Nothing of it may be believed. */
export class UntrustedAnswer extends Error {
  override readonly name = 'UntrustedAnswer';
}

const bearerLifeSeconds = 3600;
/** More than the second that `Date` leaves open; all jumps together are half of the minute that is allowed. */
const replayJumpMs = 2000;
const maxJumps = 4;
/** The server takes tokens from up to a minute ahead. */
const acceptedAheadMs = 55_000;

/** @throws when the store holds no identity */
export async function createJwtDevice(options: JwtDeviceOptions): Promise<JwtDevice> {
  const { store, mode = 'signed', scope = 'telemetry attributes rpc ota', now = Date.now } = options;
  const http = options.http ?? createNodeDeviceHttp();
  const baseUrl = options.baseUrl.replace(/\/$/, '');
  const stored = await store.load();
  if (stored === undefined) throw new Error('The device is not provisioned: its store holds no identity.');
  let identity: JwtIdentity = stored;
  let offsetMs = 0;
  let lastJti = 0;
  let bearer: { readonly token: string; readonly iat: number; readonly kid: string } | undefined;
  /** Nonces are bound to a key; undefined until the server asks for one. */
  let nonce: { readonly kid: string; readonly text: string } | undefined;

  const time = (): number => now() + offsetMs;

  function takeTime(answer: DeviceHttpAnswer): boolean {
    const dateMs = Date.parse(answer.header('date') ?? '');
    if (Number.isNaN(dateMs)) return false;
    // Rounded down: a little late, and never ahead, which would cost the server a write (its floor for `jti`).
    offsetMs = dateMs - now();
    bearer = undefined;
    // What was made with a clock that ran far ahead was never accepted.
    if (lastJti > time() + acceptedAheadMs) lastJti = 0;
    return true;
  }

  function bearerFor(key: DeviceKey): string {
    const iat = Math.floor(time() / 1000);
    if (bearer === undefined || bearer.kid !== key.kid || iat - bearer.iat > bearerLifeSeconds * 0.9) {
      const claims = { sub: identity.deviceId, aud: identity.instance, iat, exp: iat + bearerLifeSeconds, scope };
      bearer = { token: bearerToken(key, claims), iat, kid: key.kid };
    }
    return bearer.token;
  }

  /** @returns the answer, and whether the server has proved that it knows the key */
  async function attempt(
    key: DeviceKey,
    isSigned: boolean,
    request: { method: 'GET' | 'POST'; target: string; body: string | undefined; timeoutMs: number | undefined },
  ): Promise<{ answer: DeviceHttpAnswer; proven: boolean }> {
    const { method, target, body, timeoutMs } = request;
    const jti = Math.max(Math.floor(time()), lastJti + 1);
    let authorization: string;
    if (isSigned) {
      lastJti = jti;
      const bound = nonce?.kid === key.kid ? { nonce: nonce.text } : {};
      const token = signedToken(key, { sub: identity.deviceId, method, target, body: body ?? '', jti, ...bound });
      authorization = `DeviceJWT ${token}`;
    } else {
      authorization = `Bearer ${bearerFor(key)}`;
    }
    const answer = await http.send({
      method,
      url: baseUrl + target,
      headers: { authorization },
      ...(body !== undefined && { body }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const proof = answer.header('device-proof');
    const proven = isSigned && key.alg === 'HS256' && isProven(secretOf(key.key), String(jti), answer, proof);
    const fresh = answer.header('device-nonce');
    if (nonce?.kid === key.kid && fresh) nonce = { kid: key.kid, text: fresh };
    return { answer, proven };
  }

  /** @returns whether the next attempt may fare better */
  function remedy(code: string, key: DeviceKey, answer: DeviceHttpAnswer, jumps: number): boolean {
    const fresh = answer.header('device-nonce');
    switch (code) {
      case 'stale_token':
        return takeTime(answer);
      case 'use_nonce':
        if (fresh) nonce = { kid: key.kid, text: fresh };
        return Boolean(fresh);
      case 'replayed':
        if (Date.parse(answer.header('date') ?? '') > time()) takeTime(answer);
        // After many quick restarts, each of which jumped, the last number may be further ahead.
        lastJti = Math.max(Math.floor(time()), lastJti) + replayJumpMs * 2 ** jumps;
        return jumps < maxJumps;
      default:
        return false;
    }
  }

  async function ask(
    what: string,
    isSigned: boolean,
    method: 'GET' | 'POST',
    path: string,
    body?: string,
    timeoutMs?: number,
  ): Promise<string> {
    const request = { method, target: `/api/v1/${path}`, body, timeoutMs };
    // Each remedy once, but for the jumps.
    const tried = new Set<string>();
    let jumps = 0;
    let key = identity.next ?? identity.current;
    for (;;) {
      // A key that waits for its first use is used where the server must prove that it knows it.
      const signs = isSigned || identity.next !== undefined;
      const { answer, proven } = await attempt(key, signs, request);
      if (proven) await settle(key);
      const code = problemCode(answer.body);
      if (answer.status === 401 && !proven && code !== undefined && !tried.has(code)) {
        if (code !== 'replayed') tried.add(code);
        if (remedy(code, key, answer, code === 'replayed' ? jumps++ : 0)) continue;
        if (code === 'invalid_token' && key === identity.next) {
          // Perhaps the server has forgotten it. Nothing is dropped yet: this answer proves nothing.
          key = identity.current;
          continue;
        }
      }
      if (answer.status < 400 && signs && key.alg === 'HS256' && !proven) {
        throw new UntrustedAnswer(`The answer to ${method} ${request.target} does not come from the server.`);
      }
      if (answer.status !== 200) throw new DeviceRefused(what, answer);
      return answer.body;
    }
  }

  /** The server has proved that it knows this key: the other one is not needed any more. */
  async function settle(key: DeviceKey): Promise<void> {
    if (identity.next === undefined) return;
    const { deviceId, instance } = identity;
    const settled = { deviceId, instance, current: key };
    await store.save(settled);
    identity = settled;
  }

  return {
    ...createDeviceCalls((what, ...request) => ask(what, mode === 'signed', ...request)),
    request: (method, path, body) => ask(`${method} ${path}`, mode === 'signed', method, path, body),
    async renewKey() {
      if (identity.current.alg !== 'HS256') throw new Error('Only HS256 keys are renewed by the server.');
      const given = JSON.parse(await ask('The request for the next key', true, 'POST', 'auth/key', '{}')) as {
        kid: string;
        key?: string;
        salt?: string;
      };
      // The answer has proved that it comes from the server, and settled which key it answered.
      const { current } = identity;
      if (current.alg !== 'HS256') return;
      const key = given.key ?? deriveNextKey(current.key, given.kid, given.salt ?? '');
      const renewed: JwtIdentity = { ...identity, next: { kid: given.kid, alg: 'HS256', key } };
      await store.save(renewed);
      identity = renewed;
    },
  };
}
