import type { Role } from '#contract/common.ts';

/** Who connects sees them anyway. */
export const certificatePolicy = { read: 'viewer' } as const satisfies Record<string, Role>;
