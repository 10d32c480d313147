import { type Role, roles } from '#contract/common.ts';
import { AppError } from '../errors.ts';
import { hasRole } from '../http/principal.ts';

export const userPolicy = { read: 'admin', write: 'admin' } as const satisfies Record<string, Role>;

/** Anybody who is signed in; only for themselves. */
export const sessionPolicy = { own: 'viewer' } as const satisfies Record<string, Role>;

/**
 * Nobody makes, changes or removes somebody stronger than themselves.
 * @throws AppError `forbidden`
 */
export function requireAtLeast(own: Role, ...others: readonly (Role | undefined)[]): void {
  const stronger = others.find((other) => other !== undefined && !hasRole(own, other));
  if (stronger === undefined) return;
  const allowed = roles.slice(roles.indexOf(own)).join(', ');
  throw new AppError('forbidden', `The role ${own} decides about ${allowed}, not about ${stronger}.`);
}
