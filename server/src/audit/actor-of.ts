import type { Principal } from '../http/principal.ts';
import type { AuditActor } from './audit.ts';

/** The caller of a request, as the audit log names it. */
export function actorOf(principal: Principal, request: { readonly ip: string }): AuditActor {
  return { kind: principal.kind, id: principal.id, name: principal.name, address: request.ip };
}

/** What Gapura does by itself. */
export const systemActor: AuditActor = Object.freeze({ kind: 'system', id: '', name: 'Gapura', address: '' });
