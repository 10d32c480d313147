import type { RateLimits } from '../../lib/rate-limit.ts';

export interface DeviceHttpLimits {
  /** Body of a telemetry or attributes request. */
  readonly maxBodyBytes: number;
  readonly maxProvisionBytes: number;
  /** Body of a request for a token or a key. */
  readonly maxTokenRequestBytes: number;
  /** How long a poll waits that names no time, and how long it may wait (reference §1.9). */
  readonly defaultPollMs: number;
  readonly maxPollMs: number;
  /** Polls that wait at once, of all devices. How many one device may have is the sessions' matter. */
  readonly maxPolls: number;
  /** Requests with an unknown token, per address. */
  readonly failedTokens: RateLimits;
}

export const defaultDeviceHttpLimits: DeviceHttpLimits = {
  // ThingsBoard takes 50 MiB, which one commit cannot hold; what is larger is better sent in parts.
  maxBodyBytes: 1024 * 1024,
  maxProvisionBytes: 64 * 1024,
  maxTokenRequestBytes: 8 * 1024,
  defaultPollMs: 60_000,
  maxPollMs: 300_000,
  // Half of the 20,000 sockets that a process commonly may open.
  maxPolls: 10_000,
  // Guessing a token of 119 bits is hopeless at any rate; this keeps broken devices from costing a lookup each time.
  failedTokens: [{ count: 60, periodMs: 60_000 }],
};

/** The longest access token has 255 code points, two UTF-16 units each; what is longer need not be looked up. */
export const maxTokenChars = 510;

/** When to try again after a refusal that names no time. */
export const defaultRetryAfterMs = 1000;
