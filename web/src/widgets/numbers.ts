import type { LiveDevice } from '#contract/live.ts';
import { toNumber } from '../charts/series.ts';

export interface Threshold {
  readonly from: number;
  readonly tone: 'ok' | 'warn' | 'danger';
}

/** The tone of the highest threshold that the value has reached. */
export function toneOf(
  value: number | null,
  thresholds: readonly Threshold[] | undefined,
): Threshold['tone'] | undefined {
  if (value === null || thresholds === undefined) return undefined;
  const reached = thresholds.filter(({ from }) => value >= from).sort((a, b) => b.from - a.from);
  return reached[0]?.tone;
}

export interface Reading {
  /** The mean when several devices have one. */
  readonly number: number | null;
  /** What is not a number: a text, a flag. Of the one device, or undefined. */
  readonly text: string | undefined;
  /** The newest, ms. */
  readonly ts: number | undefined;
  readonly count: number;
}

const shownChars = 200;

/** What a key says over the devices of a widget. */
export function readingOf(devices: Iterable<LiveDevice | undefined>, key: string): Reading {
  let sum = 0;
  let numbers = 0;
  let count = 0;
  let text: string | undefined;
  let ts: number | undefined;
  for (const device of devices) {
    const point = device?.telemetry?.[key];
    if (point === undefined) continue;
    count++;
    ts = ts === undefined ? point.ts : Math.max(ts, point.ts);
    const number = typeof point.value === 'boolean' ? null : toNumber(point.value);
    if (number === null) text = textOf(point.value);
    else {
      sum += number;
      numbers++;
    }
  }
  return { number: numbers === 0 ? null : sum / numbers, text: count === 1 ? text : undefined, ts, count };
}

/** Any value as a short text. */
export function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length <= shownChars ? text : `${text.slice(0, shownChars)}…`;
}
