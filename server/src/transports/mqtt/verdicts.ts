/** What a refusal means to the client that sent the message (reference §1.2). */
import type { Refusal } from '../../ingest/ingest.ts';
import { accepted, type PendingPublish, type Verdict } from './acknowledgements.ts';
import type { Connection } from './connection.ts';
import { endingOf } from './endings.ts';

/** Hands an ingest answer on as PUBACK, as end of the connection, or as nothing. */
export function settle(
  connection: Connection,
  pending: PendingPublish | undefined,
  refusal: Refusal | undefined,
): void {
  connection.settle(pending, refusal === undefined ? accepted : verdictOf(connection, pending, refusal));
}

function verdictOf(connection: Connection, pending: PendingPublish | undefined, refusal: Refusal): Verdict {
  const ending = endingOf(refusal.code);
  // Only MQTT 5 with QoS 1 can be told that one message is bad; all others lose the connection, as ThingsBoard has it.
  if (ending === 'invalid_payload' && connection.version === 5 && pending !== undefined) {
    return { code: 0x99, ending: undefined, detail: refusal.detail };
  }
  return { code: undefined, ending, detail: refusal.detail };
}

/** Refuses one message. MQTT 3 has no code for that: its PUBACK says "taken", and the message is dropped. */
export function drop(connection: Connection, pending: PendingPublish | undefined, code: number, detail: string): void {
  connection.settle(pending, { code, ending: undefined, detail });
}

/** A topic of the device API that nothing is behind yet: taken, counted and dropped. */
export function dropNotServed(connection: Connection, pending: PendingPublish | undefined): void {
  connection.context.metrics.rejections.inc({ where: 'mqtt', code: 'not_served' });
  connection.settle(pending, accepted);
}
