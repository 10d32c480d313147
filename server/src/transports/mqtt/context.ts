import type { Logger } from 'pino';
import type { Attributes } from '../../attributes/attributes.ts';
import type { Gate } from '../../credentials/gate.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { Clock } from '../../lib/clock.ts';
import { createRateLimiter, type RateLimiter } from '../../lib/rate-limit.ts';
import type { Metrics } from '../../metrics.ts';
import type { Provisioner } from '../../provisioning/provisioning.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import { Cursor } from './codec/cursor.ts';
import { defaultMqttLimits, type MqttLimits } from './limits.ts';

export interface MqttDeps {
  readonly gate: Gate;
  readonly ingest: Ingest;
  readonly sessions: Sessions;
  readonly attributes: Attributes;
  readonly provisioner: Provisioner;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<MqttLimits>;
}

/** What all connections of a server share. */
export interface MqttContext extends MqttDeps {
  readonly limits: MqttLimits;
  /** Wrong credentials by address. */
  readonly failedConnects: RateLimiter;
  /** Decoding never waits, so one cursor serves all connections. */
  readonly cursor: Cursor;
  /** Messages since `countUplinks` was called last: a labelled counter costs more than the message. */
  readonly uplinks: { telemetry: number; attributes: number };
  countUplinks(): void;
  /** Writes the connection's output at the end of this turn of the event loop. */
  flushSoon(connection: { flush(): void }): void;
}

/** Addresses whose failures are remembered: about 2 MB. */
const maxFailingAddresses = 10_000;

export function createMqttContext(deps: MqttDeps): MqttContext {
  const limits: MqttLimits = { ...defaultMqttLimits, ...deps.limits };
  const uplinks = { telemetry: 0, attributes: 0 };
  let unflushed: { flush(): void }[] = [];
  const flushAll = () => {
    const connections = unflushed;
    unflushed = [];
    for (const connection of connections) connection.flush();
  };
  return {
    ...deps,
    limits,
    failedConnects: createRateLimiter({
      clock: deps.clock,
      limits: [{ count: limits.maxFailedConnectsPerMinute, periodMs: 60_000 }],
      maxKeys: maxFailingAddresses,
    }),
    cursor: new Cursor(),
    uplinks,
    countUplinks() {
      if (uplinks.telemetry > 0) deps.metrics.messages.inc({ transport: 'mqtt', kind: 'telemetry' }, uplinks.telemetry);
      if (uplinks.attributes > 0) {
        deps.metrics.messages.inc({ transport: 'mqtt', kind: 'attributes' }, uplinks.attributes);
      }
      uplinks.telemetry = 0;
      uplinks.attributes = 0;
    },
    flushSoon(connection) {
      if (unflushed.push(connection) === 1) process.nextTick(flushAll);
    },
  };
}
