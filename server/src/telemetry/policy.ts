import type { Role } from '#contract/common.ts';

export const telemetryPolicy = {
  read: 'viewer',
  write: 'operator',
  delete: 'operator',
} as const satisfies Record<string, Role>;
