/** Devices that introduce themselves (reference §1.5), the same for every transport. */
import type { Arrival } from '../credentials/gate.ts';

/** The JSON object of the answer, members in ThingsBoard's order: `credentialsValue`/`credentialsType`/`status`, … */
export type ProvisionBody = {
  readonly status: 'SUCCESS' | 'NOT_FOUND' | 'FAILURE';
  readonly [member: string]: unknown;
};

export type ProvisionOutcome =
  /** To be sent as the answer, whatever its status. */
  | {
      readonly kind: 'answered';
      readonly body: ProvisionBody;
      /** `Device-Proof` for the answer to a request that came with a proof. @param text of the answer's body */
      readonly prove?: (text: string) => string;
    }
  /** The request is no JSON object, or a key field is missing or no text. `message` is for the device's developer. */
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'rate_limited'; readonly retryAfterMs: number };

export interface Provisioner {
  /**
   * Answers one provisioning request. Resolves after the commit that holds the device and its credentials.
   * Requests that arrive together share commits; of several for one name exactly one gets it. Rejects when the
   * database does not answer: the transport says that it is unavailable, and the device comes again.
   * @param payload the request's JSON as it came; not kept after the call returns
   */
  handle(payload: Uint8Array, arrival: Arrival): Promise<ProvisionOutcome>;
}
