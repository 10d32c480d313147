import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../transports/mqtt/test-support.ts';
import { createHttpListeners } from './listeners.ts';

async function start(tlsHandshakeTimeoutMs = 200) {
  const answered = Promise.withResolvers<boolean>();
  const listeners = createHttpListeners({
    host: '127.0.0.1',
    httpPort: 0,
    httpsPort: 0,
    certificate: await selfSigned(),
    device: { owns: () => false, handle: () => {} },
    platform: (_request, response) => {
      response.once('close', () => answered.resolve(response.writableFinished));
      response.end(Buffer.alloc(32 * 1024 * 1024));
    },
    live: { handleUpgrade: (_request, socket) => void socket.end() },
    tlsHandshakeTimeoutMs,
    stalledTimeoutMs: 300,
  });
  const ports = await listeners.start();
  onTestFinished(() => listeners.stop(0));
  return { ...ports, listeners, answered: answered.promise };
}

/** A peer that never closes by itself. */
function stubborn(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

test('who connects to the TLS port and never finishes the handshake loses the socket', async () => {
  const { httpsPort } = await start();
  const silent = stubborn(httpsPort);
  silent.resume();
  await once(silent, 'end');
});

test('who sends no HTTP is told so and loses the socket, also when it does not close its side', async () => {
  const { httpPort } = await start();
  const babbler = stubborn(httpPort);
  babbler.write('this is no HTTP\r\n\r\n');
  expect(await text(babbler)).toMatch(/^HTTP\/1\.1 400 /);
  // A socket that is gone answers with a reset; one that waits for this side takes the bytes for ever.
  const insisting = setInterval(() => babbler.write('more'), 20);
  await new Promise((resolve) => babbler.once('close', resolve));
  clearInterval(insisting);
});

test('who asks for much and does not read it loses the socket', async () => {
  const { httpPort, answered } = await start();
  const stalled = stubborn(httpPort);
  stalled.write('GET / HTTP/1.1\r\nHost: gapura\r\n\r\n');
  expect(await answered).toBe(false);
});

test('stopping does not wait for who never finishes a TLS handshake', async () => {
  const { httpsPort, listeners } = await start(300_000);
  const silent = stubborn(httpsPort);
  await once(silent, 'connect');
  silent.resume();
  const gone = once(silent, 'end');
  await listeners.stop(100);
  await gone;
});
