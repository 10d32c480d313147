import type { Role } from '#contract/common.ts';

export const attributePolicy = { read: 'viewer', write: 'operator' } as const satisfies Record<string, Role>;
