/** What of a dashboard stands in the address. */
import type { TimeRange } from '../../charts/time-range.ts';
import { movingRanges } from '../../charts/time-range.ts';

export interface DashboardSearch {
  /** `1h`, or `from-to` in ms; what the dashboard says when it is absent. */
  readonly range?: string;
  /** Values of variables. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly edit?: boolean;
}

export function parseDashboardSearch(search: Record<string, unknown>): DashboardSearch {
  const { range, vars, edit } = search;
  const given = typeof vars === 'object' && vars !== null ? Object.entries(vars) : [];
  const values = given.filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return {
    ...(typeof range === 'string' && parseRange(range) !== undefined && { range }),
    ...(values.length > 0 && { vars: Object.fromEntries(values) }),
    ...(edit === true && { edit }),
  };
}

export function parseRange(text: string | undefined): TimeRange | undefined {
  if (text === undefined) return undefined;
  const kinds = Object.keys(movingRanges) as (keyof typeof movingRanges)[];
  const kind = kinds.find((each) => each === text);
  if (kind !== undefined) return { kind };
  const [, from, to] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  if (from === undefined || to === undefined || Number(from) >= Number(to)) return undefined;
  return { kind: 'custom', fromMs: Number(from), toMs: Number(to) };
}

export function rangeText(range: TimeRange): string {
  return range.kind === 'custom' ? `${Math.floor(range.fromMs)}-${Math.ceil(range.toMs)}` : range.kind;
}
