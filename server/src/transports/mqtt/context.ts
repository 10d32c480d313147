import type { Logger } from 'pino';
import type { Attributes } from '../../attributes/attributes.ts';
import type { Gate } from '../../credentials/gate.ts';
import type { DeviceTokens } from '../../device-tokens/device-tokens.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { Clock } from '../../lib/clock.ts';
import { createTally } from '../../lib/tally.ts';
import type { Metrics } from '../../metrics.ts';
import type { Provisioner } from '../../provisioning/provisioning.ts';
import type { SecurityEvents } from '../../security-events/security-events.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import { Cursor } from './codec/cursor.ts';
import { createFailedConnects, type FailedConnects } from './failed-connects.ts';
import { defaultMqttLimits, type MqttLimits } from './limits.ts';

export interface MqttDeps {
  readonly gate: Gate;
  readonly ingest: Ingest;
  readonly sessions: Sessions;
  readonly attributes: Attributes;
  readonly provisioner: Provisioner;
  readonly tokens: Pick<DeviceTokens, 'bearer'>;
  readonly securityEvents: SecurityEvents;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<MqttLimits>;
}

/** What all connections of a server share. */
export interface MqttContext extends MqttDeps {
  readonly limits: MqttLimits;
  readonly failedConnects: FailedConnects;
  /** Decoding never waits, so one cursor serves all connections. */
  readonly cursor: Cursor;
  /** Count one message. */
  countTelemetry(): void;
  countAttributes(): void;
  /** Writes the connection's output at the end of this turn of the event loop. */
  flushSoon(connection: { flush(): void }): void;
}

export function createMqttContext(deps: MqttDeps): MqttContext {
  const limits: MqttLimits = { ...defaultMqttLimits, ...deps.limits };
  let unflushed: { flush(): void }[] = [];
  const flushAll = () => {
    const connections = unflushed;
    unflushed = [];
    for (const connection of connections) connection.flush();
  };
  return {
    ...deps,
    limits,
    failedConnects: createFailedConnects(deps.clock, limits.maxFailedConnectsPerMinute),
    cursor: new Cursor(),
    countTelemetry: createTally((n) => deps.metrics.messages.inc({ transport: 'mqtt', kind: 'telemetry' }, n)),
    countAttributes: createTally((n) => deps.metrics.messages.inc({ transport: 'mqtt', kind: 'attributes' }, n)),
    flushSoon(connection) {
      if (unflushed.push(connection) === 1) process.nextTick(flushAll);
    },
  };
}
