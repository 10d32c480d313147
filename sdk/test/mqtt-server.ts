/** A small real MQTT server that answers as a test says, on mqtt-packet: nothing of Gapura's own codec is in it. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';

export interface MqttTestServer extends AsyncDisposable {
  readonly url: string;
  /** Every packet that came, in order. */
  readonly seen: Packet[];
  /** Cuts all connections. */
  cut(): void;
}

/** @param answer called for every packet; `reply` sends one back */
export async function startMqttTestServer(
  answer: (packet: Packet, reply: (packet: Packet) => void, socket: Socket) => void,
): Promise<MqttTestServer> {
  const seen: Packet[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let protocolVersion = 4;
    const reader = parser();
    socket.on('data', (data) => reader.parse(data));
    reader.on('packet', (packet) => {
      if (packet.cmd === 'connect') protocolVersion = packet.protocolVersion ?? 4;
      seen.push(packet);
      answer(packet, (reply) => void socket.write(generate(reply, { protocolVersion })), socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `mqtt://127.0.0.1:${port}`,
    seen,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What every server does: accept, grant, acknowledge. */
export function answerPolitely(packet: Packet, reply: (packet: Packet) => void): void {
  if (packet.cmd === 'connect') reply({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false });
  else if (packet.cmd === 'subscribe') {
    reply({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(() => 1) });
  } else if (packet.cmd === 'publish' && packet.qos === 1) {
    reply({ cmd: 'puback', messageId: packet.messageId ?? 0 });
  } else if (packet.cmd === 'pingreq') reply({ cmd: 'pingresp' });
}

export function publishOf(topic: string, body: unknown): Packet {
  return {
    cmd: 'publish',
    topic,
    payload: JSON.stringify(body),
    qos: 1,
    messageId: 77,
    dup: false,
    retain: false,
  };
}
