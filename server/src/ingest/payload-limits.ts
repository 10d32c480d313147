/** How much one message may hold. Its size in bytes is the transport's matter. */
export interface PayloadLimits {
  /** Telemetry points in one message. */
  readonly maxPoints: number;
  /** Attributes in one message. */
  readonly maxAttributes: number;
  /** Objects and arrays within each other in a value that is JSON. */
  readonly maxDepth: number;
  /** How far ahead of this machine's clock the time of a point may be, ms. */
  readonly maxFutureMs: number;
}

export const defaultPayloadLimits: PayloadLimits = {
  // A reading with a time of its own takes 40 bytes and more: what fits into 1 MiB, the limit of HTTP, and more.
  maxPoints: 50_000,
  // ThingsBoard devices have tens; a thousand rows are one quick transaction.
  maxAttributes: 1000,
  // Deeper than any configuration tree seen, and far from what recursion could stumble over.
  maxDepth: 32,
  // A clock that is an hour ahead is set to summer time; one that is further ahead is wrong, and its points would stand
  // as the latest for as long.
  maxFutureMs: 3_600_000,
};

/** Latest time of a point: the last millisecond of the year 9999, the end of what dates can be written as. */
export const maxTimestampMs = 253_402_300_799_999;
