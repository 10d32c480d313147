import type { Role } from '#contract/common.ts';

/** Whoever sees credentials can be the device: viewers do not. */
export const credentialsPolicy = { read: 'operator', write: 'operator' } as const satisfies Record<string, Role>;
