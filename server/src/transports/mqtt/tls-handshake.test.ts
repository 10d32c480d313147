import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { rejections, selfSigned, startServer } from './test-support.ts';

test('who connects to the TLS port and never finishes the handshake loses the socket', async () => {
  const { cert, key } = await selfSigned();
  const { tlsPort, metrics } = await startServer({ connectTimeoutMs: 200 }, { port: 0, cert, key });
  // Half of a record that announces a ClientHello; and this side never closes by itself.
  const silent = connect({ port: tlsPort ?? 0, host: '127.0.0.1', allowHalfOpen: true });
  silent.write(Uint8Array.of(0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3));
  silent.resume();
  await once(silent, 'end');
  silent.destroy();
  expect(await rejections(metrics, 'tls_handshake_failed')).toBe(1);
});
