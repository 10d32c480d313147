/** A process that appends telemetry as fast as it is acknowledged and says what was, until it is killed. */
import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { systemClock } from '../src/lib/clock.ts';
import { createMetrics } from '../src/metrics.ts';
import { createTelemetryEngine } from '../src/telemetry/engine/store.ts';

const [path = ''] = process.argv.slice(2);
const log = pino({ level: 'silent' });
const store = createTelemetryEngine({ directory: path, metrics: createMetrics(), log, clock: systemClock });
await store.start();

/** Several at a time, so that commits are shared and the kill hits some of them half done. */
async function write(writer: number): Promise<never> {
  for (let ts = 0; ; ts++) {
    const points = ['a', 'b', 'c'].map((key) => ({ key, ts, value: `${key}-${ts}` }));
    await store.append([{ tenantId: 't', deviceId: `device-${writer}`, points }]);
    // Directly to the pipe: nothing acknowledged may be lost in a buffer of this process.
    writeSync(1, `${writer} ${ts}\n`);
  }
}
await Promise.all([0, 1, 2, 3].map(write));
