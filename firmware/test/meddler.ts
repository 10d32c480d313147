/** Someone between a device and the server on plain HTTP, who reads and changes what passes. */
import { once } from 'node:events';
import net from 'node:net';

export interface Meddler extends AsyncDisposable {
  readonly url: string;
  /** What the device sent and what the server answered, as text. */
  readonly heard: string[];
}

/** @param change takes a whole answer or request as text and gives what is passed on; '' cuts the connection */
export async function startMeddler(
  serverUrl: string,
  change: { request?(text: string): string; answer?(text: string): string },
): Promise<Meddler> {
  const { hostname, port } = new URL(serverUrl);
  const heard: string[] = [];
  const sockets = new Set<net.Socket>();
  const pass = (from: net.Socket, to: net.Socket, edit: (text: string) => string): void => {
    let waiting = '';
    from.on('data', (chunk) => {
      waiting += chunk.toString('latin1');
      // A message may come in pieces, and an edit must see what it is looking for in one.
      for (let size = sizeOfMessage(waiting); size !== undefined; size = sizeOfMessage(waiting)) {
        const text = waiting.slice(0, size);
        waiting = waiting.slice(size);
        heard.push(text);
        const passed = edit(text);
        if (passed === '') {
          from.destroy();
          to.destroy();
          return;
        }
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

/** Length of the HTTP message at the start of a text; undefined while it is not all there. */
function sizeOfMessage(text: string): number | undefined {
  const headEnd = text.indexOf('\r\n\r\n') + 4;
  if (headEnd < 4) return undefined;
  const head = text.slice(0, headEnd);
  if (/^transfer-encoding: chunked/im.test(head)) {
    const end = text.indexOf('\r\n0\r\n\r\n', headEnd - 2);
    return end === -1 ? undefined : end + 7;
  }
  const size = headEnd + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  return text.length < size ? undefined : size;
}
