/** Telemetry as ThingsBoard devices write it (reference §1.3), into points. */
import type { TelemetryPoint, TelemetryValue } from '../telemetry/store.ts';
import { castText } from './cast-text.ts';
import type { Refusal } from './ingest.ts';
import {
  decodeText,
  faultOfNested,
  isSafeNumber,
  LongNumber,
  mayLoseDigits,
  parseJson,
  parseLossless,
  stringifyLossless,
} from './json-payload.ts';
import { maxTimestampMs, type PayloadLimits } from './payload-limits.ts';
import { faultOfKey, invalidPayload, isRefusal, kindOf, pointerTo } from './refusals.ts';

/** A JSON object of a device. It comes from JSON.parse, so `__proto__` is a member like others. */
interface JsonObject {
  readonly [key: string]: unknown;
}

/** JSON.parse made another number than was written: the message has to be read again without loss. */
const digitsLost = Symbol('digits lost');
const tooDeep = Symbol('too deep');
const outOfRange = Symbol('out of range');

/**
 * Reads one message: `{"t":1}`, `{"ts":…,"values":{…}}`, or an array of those. All of it is taken or nothing.
 * Never throws. Nulls are skipped; of a key that stands twice at one time, the last one counts.
 * @param nowMs the time of values without one
 */
export function parseTelemetry(payload: Uint8Array, nowMs: number, limits: PayloadLimits): TelemetryPoint[] | Refusal {
  const text = decodeText(payload);
  if (text === undefined) return invalidPayload('The payload is not UTF-8.');
  const parsed = parseJson(text);
  if (isRefusal(parsed)) return parsed;

  const { value, json } = parsed;
  if (json === text && !mayLoseDigits(payload, text)) {
    const result = new TelemetryReader(nowMs, limits, false).read(value);
    if (result !== digitsLost) return result;
  }
  // Before it is read once more, which takes ten times as long: what is refused shall cost less than what is taken.
  if (countOf(value) > limits.maxPoints) return tooManyPoints(limits);
  // The forms themselves take three levels: array, object, `values`.
  if (faultOfNested(value, limits.maxDepth + 3, true) === 'too_deep') {
    return invalidPayload(`The payload ${tooDeepText(limits)}`);
  }
  const result = new TelemetryReader(nowMs, limits, true).read(parseLossless(json));
  // What is exact has lost nothing; the compiler cannot know.
  return result === digitsLost ? invalidPayload('The payload holds a number out of range.') : result;
}

const tooDeepText = (limits: PayloadLimits): string =>
  `has more than ${limits.maxDepth} objects and arrays within each other.`;

const tooManyPoints = (limits: PayloadLimits): Refusal =>
  invalidPayload(`The payload has more than ${limits.maxPoints} points; send several messages.`);

/** How many points a message holds, whatever else is wrong with it. */
function countOf(message: unknown): number {
  let points = 0;
  for (const element of Array.isArray(message) ? message : [message]) {
    if (!isJsonObject(element)) continue;
    const { ts, values } = element;
    const members = ts !== undefined && isJsonObject(values) ? values : element;
    for (const key in members) if (members[key] !== null) points++;
  }
  return points;
}

/** Reads one message; a new one is made for each. */
class TelemetryReader {
  readonly #nowMs: number;
  readonly #limits: PayloadLimits;
  /** Whether the numbers come from `parseLossless`. */
  readonly #isExact: boolean;
  readonly #points: TelemetryPoint[] = [];
  #lastTs = -1;
  /** Whether two objects of the array can hold the same time. */
  #timesMayRepeat = false;

  constructor(nowMs: number, limits: PayloadLimits, isExact: boolean) {
    this.#nowMs = nowMs;
    this.#limits = limits;
    this.#isExact = isExact;
  }

  read(message: unknown): TelemetryPoint[] | Refusal | typeof digitsLost {
    const fault = this.#readMessage(message);
    if (fault !== undefined) return fault;
    return this.#timesMayRepeat ? lastOfEach(this.#points) : this.#points;
  }

  #readMessage(message: unknown): Refusal | typeof digitsLost | undefined {
    if (isJsonObject(message)) return this.#readObject(message, undefined);
    if (!Array.isArray(message)) {
      return invalidPayload(`The payload is ${kindOf(message)}; it must be an object or an array of objects.`);
    }
    for (let index = 0; index < message.length; index++) {
      const element: unknown = message[index];
      if (!isJsonObject(element)) {
        return invalidPayload(`${pointerTo([index])} is ${kindOf(element)}; every element must be an object.`);
      }
      const fault = this.#readObject(element, index);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** @param index of the object in the array; undefined when it is the whole message */
  #readObject(object: JsonObject, index: number | undefined): Refusal | typeof digitsLost | undefined {
    const { ts: time, values } = object;
    // Only both together make a timestamped object; alone, `ts` and `values` are keys like others.
    if (time === undefined || values === undefined) return this.#readValues(object, this.#nowMs, index, undefined);
    const ts = readTimestamp(time);
    if (ts === undefined) {
      return invalidPayload(
        `${placeOf(index, 'ts')} must be an integer: milliseconds since 1970, before the year 10000.`,
      );
    }
    if (ts - this.#nowMs > this.#limits.maxFutureMs) {
      const aheadText = `${Math.round((ts - this.#nowMs) / 1000)} s ahead of the clock of the server`;
      return invalidPayload(
        `${placeOf(index, 'ts')} is ${aheadText}; ${this.#limits.maxFutureMs / 1000} s are allowed. Set the clock of the device.`,
      );
    }
    if (!isJsonObject(values)) {
      return invalidPayload(`${placeOf(index, 'values')} is ${kindOf(values)}; it must be an object.`);
    }
    return this.#readValues(values, ts, index, 'values');
  }

  #readValues(
    values: JsonObject,
    ts: number,
    index: number | undefined,
    within: 'values' | undefined,
  ): Refusal | typeof digitsLost | undefined {
    if (ts <= this.#lastTs) this.#timesMayRepeat = true;
    this.#lastTs = ts;
    const points = this.#points;
    for (const key in values) {
      const member = values[key];
      if (member === null) continue;
      const keyFault = faultOfKey(key);
      if (keyFault !== undefined) return invalidPayload(`${placeOf(index, within, key)} ${keyFault}.`);
      const value = readValue(member, this.#limits.maxDepth, this.#isExact);
      if (typeof value === 'symbol') {
        if (value === digitsLost) return digitsLost;
        const reason = value === tooDeep ? tooDeepText(this.#limits) : 'is a number out of range.';
        return invalidPayload(`${placeOf(index, within, key)} ${reason}`);
      }
      if (points.length === this.#limits.maxPoints) {
        return tooManyPoints(this.#limits);
      }
      points.push({ key, ts, value });
    }
    return undefined;
  }
}

type ValueFault = typeof digitsLost | typeof tooDeep | typeof outOfRange;

function readValue(member: unknown, maxDepth: number, isExact: boolean): TelemetryValue | ValueFault {
  switch (typeof member) {
    case 'number':
      if (!isExact && !isSafeNumber(member)) return digitsLost;
      // There is one zero: -0 would come back as 0 from some stores and as -0 from others.
      return member === 0 ? 0 : member;
    case 'string':
      return castText(member);
    case 'boolean':
      return member;
    default:
      if (member instanceof LongNumber) return member.text ?? outOfRange;
      return readNested(member, maxDepth, isExact);
  }
}

function readNested(member: unknown, maxDepth: number, isExact: boolean): TelemetryValue | ValueFault {
  switch (faultOfNested(member, maxDepth, isExact)) {
    case 'too_deep':
      return tooDeep;
    case 'digits_lost':
      return digitsLost;
    default:
      return { json: stringifyLossless(member) };
  }
}

/** Milliseconds, as a number or (as ThingsBoard reads it) as a text of digits. */
function readTimestamp(time: unknown): number | undefined {
  const ts = typeof time === 'string' && /^\d{1,15}$/.test(time) ? Number(time) : time;
  if (typeof ts !== 'number' || !Number.isInteger(ts) || ts < 0 || ts > maxTimestampMs) return undefined;
  return ts === 0 ? 0 : ts;
}

/** The last point of each key and time, at the place of the first. */
function lastOfEach(points: readonly TelemetryPoint[]): TelemetryPoint[] {
  const last = new Map<string, TelemetryPoint>();
  // A time has no space in it, so no two pairs of time and key give one text.
  for (const point of points) last.set(`${point.ts} ${point.key}`, point);
  return last.size === points.length ? [...points] : [...last.values()];
}

const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof LongNumber);

const placeOf = (...tokens: readonly (string | number | undefined)[]): string =>
  pointerTo(tokens.filter((token) => token !== undefined));
