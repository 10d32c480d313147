import type { CreatedDevice } from '#contract/devices.ts';
import type { Profile } from '#contract/profiles.ts';

/** What was chosen: one device with credentials, or a profile with which devices bring themselves in. */
export type Arrival =
  | { readonly kind: 'one'; readonly device: CreatedDevice }
  | { readonly kind: 'fleet'; readonly profile: Profile };
