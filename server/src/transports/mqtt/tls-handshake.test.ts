import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
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

test.each([
  ['TLS 1.3', {}, 'TLS_AES_128_GCM_SHA256'],
  ['TLS 1.2', { maxVersion: 'TLSv1.2' }, 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['a client that takes AES-256 alone', { ciphers: 'TLS_AES_256_GCM_SHA384' }, 'TLS_AES_256_GCM_SHA384'],
] as const)(
  'the cipher is one that small devices have in hardware, and what they ask for: %s',
  async (_, options, name) => {
    const { cert, key } = await selfSigned();
    const { tlsPort } = await startServer({}, { port: 0, cert, key });
    const client = connectTls({
      ...{ host: '127.0.0.1', port: tlsPort ?? 0, ca: cert, servername: 'localhost' },
      ...options,
    });
    await once(client, 'secureConnect');
    expect(client.getCipher().name).toBe(name);
    client.destroy();
  },
);
