import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createClient } from './client.ts';
import type { GapuraError } from './error.ts';
import type { LiveClient, LiveListener } from './live.ts';

type Message = { type: string; id: string; [member: string]: unknown };

/** A live server whose answers the test writes. */
interface LiveServer {
  readonly sockets: WebSocket[];
  readonly messages: Message[];
  readonly headers: (string | undefined)[];
}

const device = '01980000-0000-7000-8000-000000000001';
let webSockets: WebSocketServer;
let server: LiveServer;
let live: LiveClient;

beforeEach(async () => {
  webSockets = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/v1/live' });
  await once(webSockets, 'listening');
  server = { sockets: [], messages: [], headers: [] };
  webSockets.on('connection', (socket, request) => {
    server.sockets.push(socket);
    server.headers.push(request.headers.authorization);
    socket.on('message', (data) => server.messages.push(JSON.parse(data.toString()) as Message));
  });
  const address = webSockets.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  live = createClient({ baseUrl: `http://127.0.0.1:${port}`, apiKey: 'gpr_key' }).live;
});

afterEach(() => {
  live.close();
  for (const socket of webSockets.clients) socket.terminate();
  webSockets.close();
});

function listen(): LiveListener & { heard: unknown[]; errors: GapuraError[] } {
  const heard: unknown[] = [];
  const errors: GapuraError[] = [];
  return {
    heard,
    errors,
    onSnapshot: (devices) => heard.push({ devices }),
    onChanges: (changes, coalesced) => heard.push({ changes, coalesced }),
    onError: (error) => errors.push(error),
  };
}

async function messageAt(index: number): Promise<Message> {
  await expect.poll(() => server.messages.length).toBeGreaterThan(index);
  const message = server.messages[index];
  if (message === undefined) throw new Error('There is no such message.');
  return message;
}

function answer(message: object, socket = server.sockets.at(-1)): void {
  socket?.send(JSON.stringify(message));
}

test('a subscription hears its snapshot and the deltas in order, with the API key in the upgrade', async () => {
  const listener = listen();
  live.subscribe({ deviceIds: [device], keys: ['t'], topics: ['telemetry'] }, listener);
  const { id, ...subscribe } = await messageAt(0);
  expect(subscribe).toEqual({ type: 'subscribe', deviceIds: [device], keys: ['t'], topics: ['telemetry'] });
  expect(server.headers).toEqual(['Bearer gpr_key']);
  answer({ type: 'snapshot', id, seq: 0, devices: { [device]: {} } });
  answer({ type: 'delta', id, seq: 1, changes: ['a'] });
  answer({ type: 'delta', id, seq: 2, changes: ['b'], coalesced: true });
  await expect
    .poll(() => listener.heard)
    .toEqual([
      { devices: { [device]: {} } },
      { changes: ['a'], coalesced: false },
      { changes: ['b'], coalesced: true },
    ]);
});

test('a missing number makes the client subscribe anew, and what comes for the old subscription is ignored', async () => {
  const listener = listen();
  live.subscribe({ deviceIds: [device] }, listener);
  const { id } = await messageAt(0);
  answer({ type: 'snapshot', id, seq: 0, devices: {} });
  answer({ type: 'delta', id, seq: 2, changes: ['late'] });
  expect(await messageAt(1)).toEqual({ type: 'unsubscribe', id });
  const again = await messageAt(2);
  expect(again).toMatchObject({ type: 'subscribe', deviceIds: [device] });
  expect(again.id).not.toBe(id);
  answer({ type: 'delta', id, seq: 3, changes: ['stale'] });
  answer({ type: 'snapshot', id: again.id, seq: 0, devices: { [device]: {} } });
  await expect.poll(() => listener.heard).toEqual([{ devices: {} }, { devices: { [device]: {} } }]);
});

test('a lost connection is opened again and every subscription begins anew', async () => {
  const states: string[] = [];
  live.onState((state) => states.push(state));
  const first = listen();
  const second = listen();
  live.subscribe({ deviceIds: [device] }, first);
  await messageAt(0);
  live.subscribe({ deviceIds: [device], keys: ['k'] }, second);
  await messageAt(1);
  expect(server.sockets).toHaveLength(1);
  server.sockets[0]?.terminate();
  const again = [await messageAt(2), await messageAt(3)];
  for (const { id } of again) answer({ type: 'snapshot', id, seq: 0, devices: {} });
  await expect.poll(() => [first.heard.length, second.heard.length]).toEqual([1, 1]);
  expect(states).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
});

test('a session that has ended is told to the listeners, and the connection is not opened again', async () => {
  const listener = listen();
  const states: string[] = [];
  live.onState((state) => states.push(state));
  live.subscribe({ deviceIds: [device] }, listener);
  await messageAt(0);
  server.sockets[0]?.close(4401);
  await expect.poll(() => listener.errors.map(({ code }) => code)).toEqual(['session_expired']);
  expect(states.at(-1)).toBe('closed');
});

test('a refused subscription is told, and the others go on', async () => {
  const refused = listen();
  const other = listen();
  live.subscribe({ deviceIds: [device] }, refused);
  const { id } = await messageAt(0);
  live.subscribe({ deviceIds: [device] }, other);
  const { id: otherId } = await messageAt(1);
  answer({ type: 'error', id, code: 'not_found', detail: 'No such device.' });
  answer({ type: 'snapshot', id: otherId, seq: 0, devices: {} });
  await expect.poll(() => other.heard).toHaveLength(1);
  expect(refused.errors.map(({ code, message }) => [code, message])).toEqual([['not_found', 'No such device.']]);
});

test('the connection closes with the last subscription, and nothing is heard after the end', async () => {
  const listener = listen();
  const subscription = live.subscribe({ deviceIds: [device] }, listener);
  const { id } = await messageAt(0);
  subscription.end();
  answer({ type: 'snapshot', id, seq: 0, devices: {} });
  await expect.poll(() => webSockets.clients.size).toBe(0);
  expect(listener.heard).toEqual([]);
});
