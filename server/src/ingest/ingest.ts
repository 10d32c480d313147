/** The only way in: limits → parse and validate → batch → one durable commit → acknowledge → publish. */
import type { ErrorCode } from '#contract/errors.ts';
import type { DeviceIdentity } from '../credentials/gate.ts';

/** Why an uplink was refused. Returned, not thrown: the stack of an error costs more than the refusal. */
export interface Refusal {
  readonly code: ErrorCode;
  /** One sentence for the person who reads the device's log. */
  readonly detail: string;
  readonly retryAfterMs?: number;
}

/**
 * Called once per uplink: with nothing after the commit that holds its data, or with the refusal. It may be called before
 * the uplink's own call returns, and in another order than the uplinks came: empty messages and refusals need no disk.
 */
export type Acknowledge = (refusal: Refusal | undefined) => void;

export interface Ingest {
  /**
   * Telemetry in one of the three forms of ThingsBoard (reference §1.3).
   * @param payload JSON as the device sent it; it is not kept after the call returns
   * @param start where it begins and @param end ends in `payload`, if it is not the whole of it
   */
  telemetry(device: DeviceIdentity, payload: Uint8Array, acknowledge: Acknowledge, start?: number, end?: number): void;
  /** Client attributes: one flat JSON object (reference §1.4). */
  attributes(device: DeviceIdentity, payload: Uint8Array, acknowledge: Acknowledge): void;
  /** True while more waits for the disk than the limit allows: stop reading sockets, answer 503. */
  readonly saturated: boolean;
  /** Calls back once when `saturated` has become false (at once, if it is). */
  whenDrained(callback: () => void): void;
}
