import type { Role } from '#contract/common.ts';

export const dashboardPolicy = { read: 'viewer', write: 'operator' } as const satisfies Record<string, Role>;
