import type { Role } from '#contract/common.ts';

export const overviewPolicy = { read: 'viewer' } as const satisfies Record<string, Role>;
