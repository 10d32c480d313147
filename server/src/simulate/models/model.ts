import type { Random } from '../random.ts';

export type Reading = Readonly<Record<string, number | boolean | string>>;

/** One device's own state; `read` moves it on to `nowMs` and returns what its sensors say. */
export interface ValueModel {
  read(nowMs: number): Reading;
}

export interface ModelKind {
  /** As in a device name: `greenhouse-003`. */
  readonly name: string;
  /** The profile that its devices belong to. */
  readonly profileName: string;
  readonly description: string;
  /** A key that every reading holds: counting it counts messages. */
  readonly countedKey: string;
  /** What a device tells once about itself: its client attributes. */
  about(random: Random): Reading;
  create(random: Random): ValueModel;
}

/** Rounded as a sensor of that resolution shows it. */
export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}

/** Where the sun stands: -1 at midnight, 1 at noon (UTC+7, western Indonesia). */
export function sunHeight(nowMs: number): number {
  const hour = (nowMs / 3_600_000 + 7) % 24;
  return -Math.cos((hour / 24) * 2 * Math.PI);
}

/** The next value of a walk that is drawn back to `target`. @param pull share of the distance, 0 to 1 */
export function drift(value: number, target: number, pull: number, noise: number, random: Random): number {
  return value + (target - value) * pull + random.gaussian() * noise;
}
