/** A WebSocket client of `/v1/live` that keeps what it was sent, and the state that it adds up to. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { LiveChange, LiveClientMessage, LiveDevice, LiveServerMessage } from '#contract/live.ts';

export interface LiveClient {
  readonly socket: WebSocket;
  readonly messages: LiveServerMessage[];
  send(message: LiveClientMessage | string | Buffer): void;
  /** The next message that was not returned before. */
  next(): Promise<LiveServerMessage>;
  /** Resolves when a message that came or comes fulfils the condition. */
  until(condition: (message: LiveServerMessage) => boolean): Promise<LiveServerMessage>;
  /** Close code of the server. */
  readonly closed: Promise<number>;
}

export async function connectLive(url: string, headers: Record<string, string>): Promise<LiveClient> {
  const socket = new WebSocket(url, { headers });
  const messages: LiveServerMessage[] = [];
  const wakers = new Set<() => void>();
  let returned = 0;
  let isClosed = false;
  const wake = (): void => {
    for (const waker of [...wakers]) waker();
  };
  socket.on('message', (data) => {
    messages.push(JSON.parse(data.toString()));
    wake();
  });
  const closed = once(socket, 'close').then(([code]): number => {
    isClosed = true;
    wake();
    return code;
  });
  const waitFor = async <T>(find: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (isClosed) throw new Error('The connection was closed.');
      await new Promise<void>((resolve) => {
        const waker = (): void => {
          wakers.delete(waker);
          resolve();
        };
        wakers.add(waker);
      });
    }
  };
  await once(socket, 'open');
  return {
    socket,
    messages,
    closed,
    send: (message) =>
      socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message)),
    next: () => waitFor(() => (returned < messages.length ? messages[returned++] : undefined)),
    until: (condition) => waitFor(() => messages.find(condition)),
  };
}

/** What the snapshot and the deltas of one subscription add up to; throws when a number is missing. */
export function stateOf(id: string, messages: readonly LiveServerMessage[]): Map<string, LiveDevice> {
  const devices = new Map<string, LiveDevice>();
  let expectedSeq = 0;
  for (const message of messages) {
    if (message.type === 'error' || message.id !== id) continue;
    if (message.seq !== expectedSeq++) throw new Error(`seq ${message.seq} came after ${expectedSeq - 2}`);
    if (message.type === 'snapshot') {
      for (const [deviceId, device] of Object.entries(message.devices)) devices.set(deviceId, structuredClone(device));
    } else {
      for (const change of message.changes) apply(devices, change);
    }
  }
  return devices;
}

function apply(devices: Map<string, LiveDevice>, change: LiveChange): void {
  if (change.type === 'deviceDeleted') {
    devices.delete(change.deviceId);
    return;
  }
  const device = devices.get(change.deviceId);
  if (device === undefined) throw new Error(`${change.deviceId} is not in the snapshot`);
  if (change.type === 'telemetry') {
    const latest = device.telemetry ?? {};
    for (const { key, ts, value } of change.points) {
      const known = latest[key];
      if (known === undefined || ts >= known.ts) latest[key] = { ts, value };
    }
  } else if (change.type === 'telemetryDeleted') {
    for (const [key, { ts }] of Object.entries(device.telemetry ?? {})) {
      const isMeant = change.keys === null || change.keys.includes(key);
      if (isMeant && ts >= change.fromTs && ts < change.toTs) delete device.telemetry?.[key];
    }
  } else if (change.type === 'attributes') {
    const values = device.attributes?.[change.scope] ?? {};
    Object.assign(values, change.updated);
    for (const key of change.deleted) delete values[key];
  } else {
    const { type: _type, deviceId: _deviceId, ...activity } = change;
    device.activity = activity;
  }
}
