/** Aedes on two ports; acknowledges without storing, and checks nobody. It prints its ports. */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { Aedes } from 'aedes';

const [, , certFile = '', keyFile = ''] = process.argv;
const broker = await Aedes.createBroker();
const options = { noDelay: true };
const plain = net.createServer(options, broker.handle);
const secure = tls.createServer(
  { ...options, cert: readFileSync(certFile), key: readFileSync(keyFile) },
  broker.handle,
);
const portOf = (server: net.Server): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};
plain.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
  secure.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
    console.log(JSON.stringify({ port: portOf(plain), tlsPort: portOf(secure) })),
  ),
);
