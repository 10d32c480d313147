import type { CreatedDevice } from '#contract/devices.ts';
import type { Profile } from '#contract/profiles.ts';

/** How a device proves who it is: by a secret that it shows, or by a signature. */
export const proofs = ['ACCESS_TOKEN', 'JWT'] as const;
export type Proof = (typeof proofs)[number];

/** What was chosen: one device with credentials, or a profile with which devices bring themselves in. */
export type Arrival =
  | { readonly kind: 'one'; readonly device: CreatedDevice; readonly profile: Profile | undefined }
  | { readonly kind: 'fleet'; readonly profile: Profile /** What they ask for. */; readonly proof: Proof };
