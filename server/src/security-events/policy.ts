import type { Role } from '#contract/common.ts';

export const securityEventPolicy = { read: 'admin' } as const satisfies Record<string, Role>;
