import type { Role } from '#contract/common.ts';

export const addressesPolicy = { read: 'viewer' } as const satisfies Record<string, Role>;
