import type { Role } from '#contract/common.ts';

export const profilePolicy = { read: 'viewer', readSecret: 'admin', write: 'admin' } as const satisfies Record<
  string,
  Role
>;
