/** From the token in a path to the device that may go on. */
import type { Gate, GateAnswer } from '../../credentials/gate.ts';
import type { SecurityEvents } from '../../security-events/security-events.ts';
import type { createFailedTokens } from './failed-tokens.ts';
import { defaultRetryAfterMs, maxTokenChars } from './limits.ts';
import type { Replies } from './replies.ts';
import type { DeviceHandler, Exchange } from './routes.ts';

export interface AdmissionDeps {
  readonly gate: Pick<Gate, 'byAccessToken'>;
  readonly failedTokens: ReturnType<typeof createFailedTokens>;
  readonly replies: Replies;
  readonly securityEvents: SecurityEvents;
  /** Answers a request that a fault of ours broke. */
  fail(exchange: Exchange, error: unknown): void;
}

export type Admit = (exchange: Exchange, token: string, handler: DeviceHandler) => void;

/** @returns hands the exchange to the handler when the token is a device's, otherwise answers it */
export function createAdmission({ gate, failedTokens, replies, securityEvents, fail }: AdmissionDeps): Admit {
  function report({ arrival: { address } }: Exchange, reason: string): void {
    securityEvents.record({ kind: 'access_token.refused', reason, transport: 'http', address });
  }

  function refuseToken(exchange: Exchange, token: string): void {
    failedTokens.failed(exchange.arrival.address, token);
    replies.count('invalid_credentials');
    report(exchange, 'invalid_credentials');
    // As ThingsBoard: 401 without a body.
    replies.text(exchange, 401, '');
  }

  function decide(exchange: Exchange, token: string, handler: DeviceHandler, answer: GateAnswer) {
    if (!('refused' in answer)) {
      failedTokens.succeeded(token);
      return handler(exchange, answer);
    }
    if (answer.refused !== 'invalid_credentials') report(exchange, answer.refused);
    switch (answer.refused) {
      case 'invalid_credentials':
        return refuseToken(exchange, token);
      case 'rate_limited':
        return replies.refuse(exchange, 'rate_limited', 'Too many requests; send again later.', {
          retryAfterMs: defaultRetryAfterMs,
        });
      case 'https_required':
        return replies.refuse(exchange, 'https_required', 'The profile of this device asks for HTTPS.');
      case 'auth_too_weak':
        return replies.refuse(exchange, 'auth_too_weak', 'The profile of this device takes no token in the path.');
      case 'device_disabled':
        return replies.refuse(exchange, 'device_disabled', 'The device is disabled.');
    }
  }

  return (exchange, token, handler) => {
    if (token === '' || token.length > maxTokenChars) return refuseToken(exchange, '');
    const retryAfterMs = failedTokens.waitMs(exchange.arrival.address, token);
    if (retryAfterMs > 0) {
      return replies.refuse(exchange, 'rate_limited', 'Too many requests with an unknown token.', { retryAfterMs });
    }
    const answer = gate.byAccessToken(token, exchange.arrival);
    if (!(answer instanceof Promise)) return decide(exchange, token, handler, answer);
    answer.then((later) => decide(exchange, token, handler, later)).catch((error: unknown) => fail(exchange, error));
  };
}
