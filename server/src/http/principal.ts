import type { Role } from '#contract/common.ts';
import { roles } from '#contract/common.ts';
import { AppError } from '../errors.ts';

/** Who makes a request to the platform API: a person with a session or a script with an API key. */
export interface Principal {
  readonly kind: 'user' | 'api_key';
  /** Of the user or of the API key. */
  readonly id: string;
  readonly tenantId: string;
  /** For people: e-mail address; for keys: their name. Shown in the audit log. */
  readonly name: string;
  readonly role: Role;
}

/**
 * What a route asks of its caller. Every route names one; a route without is a fault at start.
 * `public`: nobody in particular. A role: that role or a stronger one.
 */
export type Access = 'public' | Role;

/** Whether `role` may do what asks for `needed`. */
export function hasRole(role: Role, needed: Role): boolean {
  return roles.indexOf(role) <= roles.indexOf(needed);
}

/** @throws AppError `forbidden` */
export function requireRole(principal: Principal, needed: Role): void {
  if (!hasRole(principal.role, needed)) {
    throw new AppError('forbidden', `This needs the role ${needed}; ${principal.name} is ${principal.role}.`);
  }
}
