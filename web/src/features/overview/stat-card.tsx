import type { ReactNode } from 'react';
import { Sparkline } from '../../ui/sparkline.tsx';

/** One number of the overview: what it is, how much, and how it went. */
export function StatCard({
  label,
  value,
  unit,
  of,
  note,
  share,
  history,
}: {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly of?: string;
  readonly note?: ReactNode;
  /** 0 to 1, as a bar. */
  readonly share?: number | undefined;
  readonly history?: readonly number[];
}) {
  return (
    <div className="relative flex min-h-32 min-w-0 flex-col overflow-hidden rounded-lg border border-line bg-surface p-4">
      <div className="truncate text-ink-2 text-xs">{label}</div>
      <div className="mt-1 flex flex-wrap items-baseline gap-x-1.5">
        <span className="font-semibold text-ink text-xl tabular-nums tracking-tight">{value}</span>
        {unit !== undefined && <span className="text-ink-3 text-xs">{unit}</span>}
        {of !== undefined && <span className="text-ink-3 text-sm tabular-nums">{of}</span>}
      </div>
      {note !== undefined && <div className="mt-0.5 text-ink-3 text-xs">{note}</div>}
      {share !== undefined && (
        <div aria-hidden="true" className="mt-auto h-1.5 overflow-hidden rounded-full bg-hover">
          <div className="h-full rounded-full bg-ok-dot" style={{ width: `${share * 100}%` }} />
        </div>
      )}
      {history !== undefined && (
        <Sparkline values={history} className="absolute inset-x-0 bottom-0 h-10 w-full text-accent" />
      )}
    </div>
  );
}
