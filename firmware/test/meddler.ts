/** Someone between a device and the server on plain HTTP, who reads and changes what passes. */
import { once } from 'node:events';
import net from 'node:net';

export interface Meddler extends AsyncDisposable {
  readonly url: string;
  /** What the device sent and what the server answered, as text. */
  readonly heard: string[];
}

/** @param change takes a chunk of an answer or a request as text and gives what is passed on; '' cuts the connection */
export async function startMeddler(
  serverUrl: string,
  change: { request?(text: string): string; answer?(text: string): string },
): Promise<Meddler> {
  const { hostname, port } = new URL(serverUrl);
  const heard: string[] = [];
  const sockets = new Set<net.Socket>();
  const pass = (from: net.Socket, to: net.Socket, edit: (text: string) => string): void => {
    from.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      heard.push(text);
      const passed = edit(text);
      if (passed === '') {
        from.destroy();
        to.destroy();
      } else {
        to.write(passed, 'latin1');
      }
    });
    from.on('error', () => to.destroy()).on('close', () => to.destroy());
  };
  const listener = net.createServer((device) => {
    const server = net.connect(Number(port), hostname);
    sockets.add(device).add(server);
    pass(device, server, change.request ?? ((text) => text));
    pass(server, device, change.answer ?? ((text) => text));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    heard,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
