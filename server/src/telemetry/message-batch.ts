/**
 * Messages on their way to the store, their points as columns: a payload is read right into them, without an object for
 * each point, message or key.
 */
import { valueAt, valueKind } from './columns.ts';
import { KeyNames } from './key-names.ts';
import type { DeviceRef, TelemetryMessage, TelemetryPoint, TelemetryValue } from './store.ts';

/** Columns begin with room for so many points, and double. */
const firstPoints = 256;
const firstMessages = 64;

/**
 * Fill it message by message: `put` or `putText` each point, then `end` the message or `drop` what was put. What was not
 * ended is in none of its counts.
 */
export class MessageBatch {
  /** The keys that the numbers in `key` stand for. */
  keys: KeyNames;
  messages = 0;
  points = 0;
  /** By message. */
  readonly devices: DeviceRef[] = [];
  /** By message: the point behind its last one. */
  ends: Uint32Array<ArrayBuffer> = new Uint32Array(firstMessages);
  /** By point. */
  key: Uint32Array<ArrayBuffer>;
  ts: Float64Array<ArrayBuffer>;
  kind: Uint8Array<ArrayBuffer>;
  /** The number, 0 or 1 for a flag, or for text and JSON the index into `texts`. */
  number: Float64Array<ArrayBuffer>;
  readonly texts: string[] = [];
  /** Points that were put, also those of the message that is not ended. */
  #put = 0;
  /** Texts of the messages that were ended. */
  #textsKept = 0;

  /** @param points that it has room for before it grows, ≥ 1 */
  constructor(keys: KeyNames, points: number = firstPoints) {
    this.keys = keys;
    this.key = new Uint32Array(points);
    this.ts = new Float64Array(points);
    this.kind = new Uint8Array(points);
    this.number = new Float64Array(points);
  }

  /** @param keys to give numbers from */
  static of(messages: readonly TelemetryMessage[], keys: KeyNames = new KeyNames()): MessageBatch {
    const points = messages.reduce((sum, message) => sum + message.points.length, 0);
    const batch = new MessageBatch(keys, Math.max(1, points));
    for (const message of messages) batch.add(message, message.points);
    return batch;
  }

  /** How many points the message has that is not ended. */
  get staged(): number {
    return this.#put - this.points;
  }

  /** @param key its number in `keys` @param ts whole milliseconds */
  put(key: number, ts: number, kind: number, number: number): void {
    const i = this.#put++;
    if (i === this.ts.length) this.#growPoints();
    this.key[i] = key;
    this.ts[i] = ts;
    this.kind[i] = kind;
    this.number[i] = number;
  }

  putText(key: number, ts: number, kind: number, text: string): void {
    this.put(key, ts, kind, this.texts.push(text) - 1);
  }

  /** @throws RangeError on a time that is no whole millisecond */
  putValue(key: number, ts: number, value: TelemetryValue): void {
    if (!Number.isSafeInteger(ts)) throw new RangeError(`${ts} is no time in whole milliseconds.`);
    if (typeof value === 'number' && Number.isFinite(value)) this.put(key, ts, valueKind.number, value);
    else if (typeof value === 'boolean') this.put(key, ts, valueKind.boolean, value ? 1 : 0);
    else if (typeof value === 'object') this.putText(key, ts, valueKind.json, value.json.toWellFormed());
    // JSON has no infinite numbers, so one that slipped in (1e999) is kept as its text.
    else this.putText(key, ts, valueKind.text, String(value).toWellFormed());
  }

  /** What was put since the last end is a message of this device. */
  end(device: DeviceRef): void {
    if (this.messages === this.ends.length) {
      const ends = new Uint32Array(2 * this.messages);
      ends.set(this.ends);
      this.ends = ends;
    }
    this.devices.push(device);
    this.ends[this.messages++] = this.#put;
    this.points = this.#put;
    this.#textsKept = this.texts.length;
  }

  /** What was put since the last end is forgotten. */
  drop(): void {
    this.#put = this.points;
    if (this.texts.length > this.#textsKept) this.texts.length = this.#textsKept;
  }

  /** Makes it empty, to be filled anew. Its columns keep their size. */
  clear(keys: KeyNames): void {
    this.keys = keys;
    this.messages = 0;
    this.points = 0;
    this.devices.length = 0;
    this.texts.length = 0;
    this.#put = 0;
    this.#textsKept = 0;
  }

  /** For how many points there is room in its columns. */
  get capacity(): number {
    return this.ts.length;
  }

  /** A whole message. @throws RangeError on a time that is no whole millisecond; nothing of it is added then */
  add(device: DeviceRef, points: readonly TelemetryPoint[]): void {
    try {
      for (const { key, ts, value } of points) this.putValue(this.keys.ofText(key), ts, value);
    } catch (error) {
      this.drop();
      throw error;
    }
    this.end(device);
  }

  /** The points of message `m` as objects: for those who look at one. */
  pointsOf(m: number): TelemetryPoint[] {
    const points: TelemetryPoint[] = [];
    for (let i = this.#startOf(m); i < (this.ends[m] ?? 0); i++) {
      points.push({ key: this.keys.names[this.key[i] ?? 0] ?? '', ts: this.ts[i] ?? 0, value: valueAt(this, i) });
    }
    return points;
  }

  /** Without the messages of some devices. */
  without(isGone: (device: DeviceRef) => boolean): MessageBatch {
    const left = new MessageBatch(this.keys);
    for (const [m, device] of this.devices.entries()) if (!isGone(device)) left.add(device, this.pointsOf(m));
    return left;
  }

  #startOf(m: number): number {
    return m === 0 ? 0 : (this.ends[m - 1] ?? 0);
  }

  #growPoints(): void {
    const { key, ts, kind, number } = this;
    const capacity = 2 * ts.length;
    this.key = new Uint32Array(capacity);
    this.key.set(key);
    this.ts = new Float64Array(capacity);
    this.ts.set(ts);
    this.kind = new Uint8Array(capacity);
    this.kind.set(kind);
    this.number = new Float64Array(capacity);
    this.number.set(number);
  }
}

/** As objects, for a store that takes them one by one. */
export function messagesOf(messages: MessageBatch | readonly TelemetryMessage[]): readonly TelemetryMessage[] {
  if (!(messages instanceof MessageBatch)) return messages;
  return messages.devices.map(({ tenantId, deviceId }, m) => ({ tenantId, deviceId, points: messages.pointsOf(m) }));
}
