/** POST /api/v1/provision: a device introduces itself (reference §1.5, column HTTP). */
import type { Clock } from '../../lib/clock.ts';
import type { Provisioner } from '../../provisioning/provisioning.ts';
import type { Replies } from './replies.ts';
import type { Exchange } from './routes.ts';

/** ThingsBoard's number for a general error, in the body of its answers. */
const generalErrorCode = 2;

export interface ProvisionDeps {
  readonly provisioner: Provisioner;
  readonly replies: Replies;
  readonly clock: Clock;
}

/** @returns answers one request whose body has been read; rejects when the provisioner does */
export function createProvisionHandler({ provisioner, replies, clock }: ProvisionDeps) {
  function answer(exchange: Exchange, body: string, prove: ((text: string) => string) | undefined): void {
    replies.text(exchange, 200, body, {
      'content-type': 'application/json',
      ...(prove !== undefined && { 'device-proof': prove(body) }),
    });
  }

  return async (exchange: Exchange, payload: Uint8Array): Promise<void> => {
    const outcome = await provisioner.handle(payload, exchange.arrival);
    switch (outcome.kind) {
      case 'answered':
        // 200 whatever became of it: devices read the status in the body.
        return answer(exchange, JSON.stringify(outcome.body), outcome.prove);
      case 'malformed':
        replies.count('invalid_payload');
        return replies.json(exchange, 500, {
          status: 500,
          message: outcome.message,
          errorCode: generalErrorCode,
          timestamp: clock.now(),
        });
      case 'rate_limited':
        return replies.refuse(exchange, 'rate_limited', 'Too many provisioning requests; ask again later.', {
          retryAfterMs: outcome.retryAfterMs,
        });
    }
  };
}
