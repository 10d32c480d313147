import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Inlet } from './inlet.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A client, the socket that serves it, and what the inlet took. */
async function pair() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect({
    port: typeof address === 'object' && address !== null ? address.port : 0,
    host: '127.0.0.1',
  });
  const [socket] = await accepted;
  closers.push(
    () => client.destroy(),
    () => socket.destroy(),
    () => server.close(),
  );
  const chunks: Buffer[] = [];
  const inlet = new Inlet(socket, (chunk) => chunks.push(chunk));
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const taken = (): string => Buffer.concat(chunks).toString();
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await turn();
  };
  return { client, socket, inlet, chunks, taken, until };
}

test('what is received is handed on as it came', async () => {
  const { client, taken, until } = await pair();
  client.write('one');
  await until(() => taken() === 'one');
  client.write('two');
  await until(() => taken() === 'onetwo');
});

test('while it is paused no more than one chunk comes, and the sender has to wait; afterwards comes all of it', async () => {
  const { client, socket, inlet, chunks, until } = await pair();
  inlet.pause();
  expect(inlet.isPaused()).toBe(true);
  // More than the buffers of the kernel and of one read together.
  const all = Buffer.alloc(16 * 2 ** 20, 'x');
  let isSent = false;
  client.write(all, () => {
    isSent = true;
  });
  await until(() => chunks.length === 1);
  for (let i = 0; i < 200; i++) await turn();
  expect(chunks).toHaveLength(1);
  expect(isSent).toBe(false);
  expect(socket.readableLength).toBe(0);
  inlet.resume();
  await until(() => chunks.reduce((sum, { length }) => sum + length, 0) === all.length);
});

test('a pause that nothing came in is none', async () => {
  const { client, inlet, taken, until } = await pair();
  inlet.pause();
  inlet.resume();
  client.write('one');
  await until(() => taken() === 'one');
  inlet.pause();
  client.write('two');
  await until(() => taken() === 'onetwo');
  inlet.resume();
  inlet.resume();
  client.write('three');
  await until(() => taken() === 'onetwothree');
});

test('the end of the data closes the socket, behind all that came before it', async () => {
  const { client, socket, taken } = await pair();
  const closed = once(socket, 'close');
  client.end('last words');
  await closed;
  expect(taken()).toBe('last words');
});

test('an end that came while it was paused is seen when it goes on', async () => {
  const { client, socket, inlet, chunks, until } = await pair();
  inlet.pause();
  client.end('last words');
  await until(() => chunks.length === 1);
  for (let i = 0; i < 20; i++) await turn();
  const closed = once(socket, 'close');
  inlet.resume();
  await closed;
});

test('a peer that resets the connection ends it', async () => {
  const { client, socket } = await pair();
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  client.resetAndDestroy();
  await closed;
});
