import type { Role } from '#contract/common.ts';

export const livePolicy = { read: 'viewer' } as const satisfies Record<string, Role>;
