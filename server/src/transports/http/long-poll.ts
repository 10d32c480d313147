/** GET attributes/updates: waits until there is something to tell the device (reference §1.9). */
import type { Clock } from '../../lib/clock.ts';
import type { Means } from '../../sessions/means.ts';
import type { CloseReason, Sessions } from '../../sessions/sessions.ts';
import { credentialOf } from './credential.ts';
import { type DeviceHttpLimits, defaultRetryAfterMs } from './limits.ts';
import type { Replies } from './replies.ts';
import type { DeviceHandler, Exchange } from './routes.ts';

export interface LongPollDeps {
  readonly sessions: Pick<Sessions, 'wait' | 'touch'>;
  readonly replies: Replies;
  readonly clock: Clock;
  readonly limits: Pick<DeviceHttpLimits, 'defaultPollMs' | 'maxPollMs' | 'maxPolls'>;
}

export interface LongPolls {
  readonly poll: DeviceHandler;
  /** Ends all polls with 503. */
  stop(): void;
}

export function createLongPolls({ sessions, replies, clock, limits }: LongPollDeps): LongPolls {
  /** Each ends one poll that waits. */
  const waiting = new Set<(reason: CloseReason) => void>();

  return {
    poll(exchange, device) {
      sessions.touch(device);
      const timeoutMs = readTimeoutMs(exchange.query, limits);
      if (timeoutMs === undefined) {
        const detail = 'The parameter timeout must be a whole number of milliseconds.';
        return replies.refuse(exchange, 'invalid_request', detail);
      }
      if (waiting.size >= limits.maxPolls) {
        const detail = 'Too many requests wait for updates; ask again later.';
        return replies.refuse(exchange, 'overloaded', detail, { retryAfterMs: defaultRetryAfterMs });
      }

      let isOver = false;
      let stopWaiting: (() => void) | undefined;
      /** @param answer sends the one answer; none when the client has gone */
      const finish = (answer?: () => void): void => {
        if (isOver) return;
        isOver = true;
        waiting.delete(close);
        cancelTimer();
        stopWaiting?.();
        answer?.();
      };
      const close = (reason: CloseReason): void => finish(() => replyClosed(exchange, replies, reason));
      const cancelTimer = clock.after(timeoutMs, () => finish(() => replies.text(exchange, 408, '')));
      waiting.add(close);
      exchange.response.once('close', () => finish());
      const stop = sessions.wait(device, {
        means: meansOf(exchange),
        deliver: ({ body }) => finish(() => replies.json(exchange, 200, body)),
        close,
      });
      // Something may have been there at once.
      if (isOver) stop();
      else stopWaiting = stop;
    },

    stop() {
      for (const close of [...waiting]) close('shutting_down');
    },
  };
}

/** The gate has let it in: what it showed in the header, if anything, was good. */
function meansOf({ request, arrival, signed }: Exchange): Means {
  const isTokenInPath = credentialOf(request).kind === 'none';
  const proof = isTokenInPath ? 'token' : signed === undefined ? 'bearer' : 'signed';
  return { secure: arrival.secure, proof, isTokenInPath };
}

/** 0 and none mean the default; undefined for what is no number. */
function readTimeoutMs(query: string, limits: LongPollDeps['limits']): number | undefined {
  const text = new URLSearchParams(query).get('timeout') || '0';
  if (!/^\d{1,15}$/.test(text)) return undefined;
  return Math.min(Number(text), limits.maxPollMs) || limits.defaultPollMs;
}

function replyClosed(exchange: Exchange, replies: Replies, reason: CloseReason) {
  switch (reason) {
    case 'device_deleted':
      return replies.text(exchange, 403, 'Device was deleted!', { 'content-type': 'text/plain' });
    case 'credentials_revoked':
      return replies.text(exchange, 401, '');
    case 'device_disabled':
      return replies.problem(exchange, 'device_disabled', 'The device has been disabled.');
    case 'taken_over':
    case 'policy_changed':
      // Newer polls of the same device took its place, or the gate has new rules, which it tells to the next request: to
      // this one nothing has happened.
      return replies.text(exchange, 408, '');
    case 'shutting_down':
      return replies.problem(exchange, 'shutting_down', 'Gapura is shutting down; ask again later.', {
        retryAfterMs: defaultRetryAfterMs,
      });
  }
}
