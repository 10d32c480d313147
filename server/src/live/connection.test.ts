import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { FakeClock } from '../../test/fake-clock.ts';
import { createMemoryBus } from '../bus/memory.ts';
import { createMetrics } from '../metrics.ts';
import { type ConnectionDeps, LiveConnection } from './connection.ts';
import { createFanOut } from './fan-out.ts';

/** As much of a WebSocket as the connection uses, with a socket whose flow can be seen. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  readonly bufferedAmount = 0;
  readonly sent: string[] = [];
  isPaused = false;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  send = (frame: string): void => void this.sent.push(frame);
  close = (): void => void this.emit('close');
}

test('long messages that wait to be answered stop the reading of more', async () => {
  const looked = Promise.withResolvers<readonly string[]>();
  const bus = createMemoryBus(() => {});
  const deps: ConnectionDeps = {
    fanOut: createFanOut(bus),
    existing: () => looked.promise,
    store: { latest: async () => new Map() },
    attributes: { read: async () => new Map() },
    sessions: { activity: async () => new Map() },
    metrics: createMetrics(),
    log: { error: () => {} } as unknown as ConnectionDeps['log'],
    clock: new FakeClock(),
  };
  const socket = new FakeSocket();
  const connection = new LiveConnection(deps, socket as unknown as WebSocket, 'tenant');
  const deviceIds = [crypto.randomUUID()];
  const keys = Array.from({ length: 100 }, (_, i) => `${i} ${'k'.repeat(200)}`);
  for (let i = 0; i < 20; i++) {
    socket.emit('message', Buffer.from(JSON.stringify({ type: 'subscribe', id: `s${i}`, deviceIds, keys })), false);
  }
  expect(socket.isPaused).toBe(false);
  socket.emit('message', Buffer.from('x'.repeat(250_000)), false);
  expect(socket.isPaused).toBe(true);

  looked.resolve([]);
  await expect.poll(() => socket.sent).toHaveLength(21);
  expect(socket.isPaused).toBe(false);
  connection.close(1000, '');
});
