/** Devices whose tokens the load generator knows, and whether all that was acknowledged to them is stored. */
import type { GapuraClient } from '#sdk/client.ts';
import { createLimiter } from '../../server/src/simulate/limiter.ts';
import type { RunResult } from './mqtt-clients.ts';
import type { Payload } from './payloads.ts';

export interface Fleet {
  /** In the order of the connections. */
  readonly deviceIds: readonly string[];
  /** Remembers what was acknowledged. @param first device of the first connection */
  add(payload: Payload, result: RunResult, first?: number): void;
  /** Points acknowledged so far. */
  readonly points: number;
  /** The same devices, asked of another process over the same data. */
  of(client: GapuraClient): Fleet;
  /**
   * Compares the number of points of every key of every device with what was acknowledged.
   * @param extraOf points that may be there beyond, by device: sent, and not acknowledged before the server was gone
   * @returns what differs
   */
  failures(extraOf?: (device: number) => number): Promise<string[]>;
}

/** Requests at once. */
const readers = 32;
/** Differences that are told one by one. */
const maxTold = 5;

export async function createFleet(client: GapuraClient, count: number): Promise<Fleet> {
  const rows = Array.from({ length: count }, (_, i) => `bench-${i},bench-${i}`);
  for await (const event of client.imports.devices(`name,token\n${rows.join('\n')}\n`)) {
    if (event.type === 'summary' && event.created !== count) {
      throw new Error(`${event.created} of ${count} devices were created: ${JSON.stringify(event)}`);
    }
  }
  const deviceIds: string[] = [];
  for await (const { id, name } of client.devices.all()) deviceIds[Number(name.slice('bench-'.length))] = id;
  /** By device and key. */
  const expected = deviceIds.map(() => new Map<string, number>());
  let total = 0;

  async function differences(client: GapuraClient, device: number, extra: number): Promise<string[]> {
    const wanted = expected[device] ?? new Map<string, number>();
    const stored = new Map<string, number>();
    for (const { key, points } of await client.telemetry.keys(deviceIds[device] ?? '')) stored.set(key, points);
    const found: string[] = [];
    for (const [key, points] of wanted) {
      const there = stored.get(key) ?? 0;
      if (there < points || there > points + extra) {
        found.push(`Device ${device}: ${there} points of ${key} are stored, ${points} were acknowledged.`);
      }
    }
    // Of a device to which nothing was acknowledged yet, what was sent may be there.
    for (const [key, points] of stored) {
      if (!wanted.has(key) && points > extra) found.push(`Device ${device} has ${points} points of a key ${key}.`);
    }
    return found;
  }

  const createView = (asked: GapuraClient): Fleet => ({
    deviceIds,
    add({ keys }, { acknowledgedOf }, first = 0) {
      for (const [i, count] of acknowledgedOf.entries()) {
        if (count === 0) continue;
        total += count * keys.length;
        const points = expected[first + i];
        for (const key of keys) points?.set(key, (points.get(key) ?? 0) + count);
      }
    },
    get points() {
      return total;
    },
    of: createView,
    async failures(extraOf = () => 0) {
      const limit = createLimiter(readers);
      const found = await Promise.all(
        deviceIds.map((_, device) => limit(() => differences(asked, device, extraOf(device)))),
      );
      const all = found.flat();
      return all.length > maxTold ? [...all.slice(0, maxTold), `… and ${all.length - maxTold} more.`] : all;
    },
  });
  return createView(client);
}
