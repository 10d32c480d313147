import type { Role } from '#contract/common.ts';

export const importPolicy = { write: 'operator' } as const satisfies Record<string, Role>;
