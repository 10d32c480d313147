/** MQTT on bare sockets: thousands of connections in one loader, where a full client each would be the bottleneck. */
import { connect, type Socket } from 'node:net';
import { generate, type IConnackPacket, type IPublishPacket, type Packet, parser } from 'mqtt-packet';

export interface LoadConnection {
  /** The first packet from now on that `wanted` takes. Rejects when the connection ends before, or after 30 s. */
  next<T extends Packet>(wanted: (packet: Packet) => packet is T): Promise<T>;
  send(...packets: Packet[]): void;
  destroy(): void;
}

const answerTimeoutMs = 30_000;

/** @param url `mqtt://host:port` */
export function openLoadConnection(url: string): Promise<LoadConnection> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(wrap(socket));
    });
  });
}

function wrap(socket: Socket): LoadConnection {
  const reader = parser({ protocolVersion: 4 });
  const early: Packet[] = [];
  let waiting:
    | { wanted: (packet: Packet) => boolean; resolve(packet: Packet): void; reject(error: Error): void }
    | undefined;
  let fault: Error | undefined;

  function end(error: Error): void {
    fault ??= error;
    waiting?.reject(fault);
    waiting = undefined;
  }
  reader.on('packet', (packet) => {
    if (waiting === undefined) early.push(packet);
    else if (waiting.wanted(packet)) {
      waiting.resolve(packet);
      waiting = undefined;
    }
  });
  reader.on('error', end);
  socket.on('data', (data) => reader.parse(data));
  socket.on('error', end);
  socket.on('close', () => end(new Error('The server closed the connection.')));

  return {
    next<T extends Packet>(wanted: (packet: Packet) => packet is T): Promise<T> {
      const known = early.splice(0).find(wanted);
      if (known !== undefined) return Promise.resolve(known as T);
      if (fault !== undefined) return Promise.reject(fault);
      return new Promise<T>((resolve, reject) => {
        const timer = setTimeout(() => end(new Error(`No answer came within ${answerTimeoutMs} ms.`)), answerTimeoutMs);
        waiting = {
          wanted,
          resolve: (packet) => {
            clearTimeout(timer);
            resolve(packet as T); // `wanted` has looked at it
          },
          reject: (error) => {
            clearTimeout(timer);
            reject(error);
          },
        };
      });
    },
    send: (...packets) => void socket.write(Buffer.concat(packets.map((packet) => generate(packet)))),
    destroy: () => void socket.destroy(),
  };
}

export const isConnack = (packet: Packet): packet is IConnackPacket => packet.cmd === 'connack';
export const isPublish = (packet: Packet): packet is IPublishPacket => packet.cmd === 'publish';

export function connectPacket(clientId: string, username: string): Packet {
  return { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId, keepalive: 60, username };
}
