import type { Role } from '#contract/common.ts';

export const tenantPolicy = { read: 'viewer', write: 'owner' } as const satisfies Record<string, Role>;
