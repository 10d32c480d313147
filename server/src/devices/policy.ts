import type { Role } from '#contract/common.ts';

export const devicePolicy = { read: 'viewer', write: 'operator' } as const satisfies Record<string, Role>;
