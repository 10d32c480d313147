import type { RateLimits } from '../lib/rate-limit.ts';
import type { Load } from './backlog.ts';
import { defaultPayloadLimits, type PayloadLimits } from './payload-limits.ts';

export interface IngestLimits extends PayloadLimits {
  /** From here on `saturated` is true: senders are slowed down. Both count what is not yet acknowledged. */
  readonly saturatedAt: Load;
  /** From here on messages are refused: what was under way when senders were told to slow down. */
  readonly refusedAt: Load;
  readonly batch: {
    readonly maxMessages: number;
    readonly maxPoints: number;
    /** So many messages go beside an append that is under way; fewer wait for its end. */
    readonly besideMessages: number;
  };
  /** Appends under way at once. */
  readonly maxAppends: number;
  /** Messages and telemetry points of one device; empty is no limit. */
  readonly deviceMessages: RateLimits;
  readonly devicePoints: RateLimits;
}

const mebibyte = 1024 * 1024;

export const defaultIngestLimits: IngestLimits = {
  ...defaultPayloadLimits,
  // About a second of work for the embedded store, and at ten bytes of memory per byte of JSON some 150 MB at worst.
  saturatedAt: { messages: 20_000, points: 200_000, bytes: 16 * mebibyte },
  refusedAt: { messages: 40_000, points: 400_000, bytes: 32 * mebibyte },
  // Beyond these a larger commit gains nothing, and all of it waits for its last row.
  // A commit costs the CPU as much as 20 messages, so a few wait for company.
  batch: { maxMessages: 5000, maxPoints: 10_000, besideMessages: 256 },
  // One is being written while the next one is on its way to the worker.
  maxAppends: 2,
  // As in ThingsBoard: none until the operator sets them.
  deviceMessages: [],
  devicePoints: [],
};

/** Devices whose rates are remembered, when there is a limit: 200 bytes each. */
export const maxRatedDevices = 100_000;
