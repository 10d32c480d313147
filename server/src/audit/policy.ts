import type { Role } from '#contract/common.ts';

export const auditPolicy = { read: 'admin' } as const satisfies Record<string, Role>;
