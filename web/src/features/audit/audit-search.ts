export const auditPeriods = ['1h', '24h', '7d', '30d'] as const;

/** What is asked of the log; the names are there to be read, the ids to be asked for. */
export interface AuditSearch {
  readonly action?: string;
  readonly period?: (typeof auditPeriods)[number];
  readonly actorId?: string;
  readonly actorName?: string;
  readonly targetId?: string;
  readonly targetName?: string;
}
