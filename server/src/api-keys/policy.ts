import type { Role } from '#contract/common.ts';

export const apiKeyPolicy = { read: 'admin', write: 'admin' } as const satisfies Record<string, Role>;
