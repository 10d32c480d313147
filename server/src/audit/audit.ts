/** Who did what to what, and how it ended. Written in batches; recording never waits and never fails its caller. */
import type { Json } from '#contract/common.ts';

export interface AuditActor {
  readonly kind: 'user' | 'api_key' | 'device' | 'system';
  readonly id: string;
  readonly name: string;
  readonly address: string;
}

export interface AuditEntry {
  readonly tenantId: string;
  readonly actor: AuditActor;
  /** Noun first, past tense: `device.created`, `device.provisioned`, `session.sign_in_failed`. */
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string; readonly name: string };
  readonly outcome: 'success' | 'failure';
  /** Never a secret. */
  readonly detail?: { readonly [key: string]: Json };
}

export interface Audit {
  record(entry: AuditEntry): void;
}
