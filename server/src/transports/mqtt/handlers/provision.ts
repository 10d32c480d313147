import type { ProvisionOutcome } from '../../../provisioning/provisioning.ts';
import { accepted, type PendingPublish } from '../acknowledgements.ts';
import type { Connection } from '../connection.ts';
import { provisionRequestTopic, provisionResponseTopic } from '../topics.ts';
import { settle } from '../verdicts.ts';
import { jsonObject } from './json-object.ts';
import type { Uplink } from './publish.ts';

/** The only publish of a provision-only session (reference §1.5). */
export function handleProvisionRequest(connection: Connection, topic: string, { payload, pending }: Uplink): void {
  const { context, arrival } = connection;
  if (topic !== provisionRequestTopic) {
    refuse(connection, pending, { code: 0x90, ending: 'provisioning_only', detail: 'Provision first' });
    return;
  }
  context.metrics.messages.inc({ transport: 'mqtt', kind: 'provision' });
  // One at a time: a client that nobody knows cannot have much going on.
  connection.intake.hold();
  // The payload is gone when the answer comes.
  const isReadable = jsonObject(payload) !== undefined;
  context.provisioner
    .handle(payload, arrival)
    .then(
      (outcome) => {
        // What is no JSON object at all is a bad payload like others: an MQTT 5 client may try again.
        if (outcome.kind === 'malformed' && !isReadable) {
          settle(connection, pending, { code: 'invalid_payload', detail: outcome.message });
        } else answer(connection, pending, outcome);
      },
      (error: unknown) => {
        context.log.error({ err: error, address: arrival.address }, 'A provisioning request could not be answered');
        refuse(connection, pending, { code: undefined, ending: 'internal_error', detail: undefined });
      },
    )
    .finally(() => connection.intake.release())
    .catch((error: unknown) => {
      context.log.error({ err: error }, 'A provisioning answer could not be sent');
      connection.end('internal_error');
    });
}

function answer(connection: Connection, pending: PendingPublish | undefined, outcome: ProvisionOutcome): void {
  const { clock, limits } = connection.context;
  switch (outcome.kind) {
    case 'answered': {
      connection.settle(pending, accepted);
      const qos = connection.subscriptions.get(provisionResponseTopic) ?? 1;
      connection.publish(provisionResponseTopic, Buffer.from(JSON.stringify(outcome.body)), qos);
      connection.setDeadline(clock.now() + limits.provisionSessionMs, 'provisioning_ended');
      return;
    }
    case 'malformed':
      refuse(connection, pending, { code: 0x83, ending: 'provisioning_refused', detail: outcome.message });
      return;
    case 'rate_limited': {
      // MQTT 3 has no code for "later", and its PUBACK would say "taken".
      const code = connection.version === 5 ? 0x97 : undefined;
      const detail = `Try again in ${Math.ceil(outcome.retryAfterMs / 1000)} s`;
      refuse(connection, pending, { code, ending: 'provisioning_rate_limited', detail });
      return;
    }
  }
}

function refuse(
  connection: Connection,
  pending: PendingPublish | undefined,
  verdict: Parameters<Connection['settle']>[1],
): void {
  connection.settle(pending, verdict);
}
