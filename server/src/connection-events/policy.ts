import type { Role } from '#contract/common.ts';

export const connectionEventPolicy = { read: 'viewer' } as const satisfies Record<string, Role>;
