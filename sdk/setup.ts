import type { Session } from '#contract/session.ts';
import type { CompleteSetup, SetupState } from '#contract/setup.ts';
import type { Requester } from './requester.ts';

/** The first start. */
export interface SetupClient {
  state(signal?: AbortSignal): Promise<SetupState>;
  /** Makes the tenant and its owner, and signs the owner in. */
  complete(setup: CompleteSetup, signal?: AbortSignal): Promise<Session>;
}

export function createSetupClient({ json }: Requester): SetupClient {
  return {
    state: (signal) => json('GET', '/v1/setup', { signal }),
    complete: (setup, signal) => json('POST', '/v1/setup', { json: setup, signal }),
  };
}
