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
  shareLabel,
  history,
}: {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly of?: string;
  readonly note?: ReactNode;
  /** 0 to 1, as a bar. */
  readonly share?: number | undefined;
  readonly shareLabel?: string;
  readonly history?: readonly number[];
}) {
  return (
    <div className="relative flex min-h-28 min-w-0 flex-col overflow-hidden rounded-lg border border-line bg-surface p-4">
      <div className="truncate text-ink-2 text-xs">{label}</div>
      <div className="mt-1 flex flex-wrap items-baseline gap-x-1.5">
        <span className="font-semibold text-ink text-xl tabular-nums tracking-tight">{value}</span>
        {unit !== undefined && <span className="text-ink-3 text-xs">{unit}</span>}
        {of !== undefined && <span className="text-ink-3 text-sm tabular-nums">{of}</span>}
      </div>
      {note !== undefined && <div className="mt-0.5 text-ink-3 text-xs">{note}</div>}
      {share !== undefined && (
        <meter
          aria-label={shareLabel}
          min={0}
          max={1}
          value={share}
          className="mt-auto h-1.5 w-full appearance-none overflow-hidden rounded-full bg-hover [&::-moz-meter-bar]:bg-ok-dot [&::-webkit-meter-bar]:h-1.5 [&::-webkit-meter-bar]:rounded-full [&::-webkit-meter-bar]:border-0 [&::-webkit-meter-bar]:bg-hover [&::-webkit-meter-optimum-value]:bg-ok-dot"
        />
      )}
      {history !== undefined && (
        <Sparkline values={history} className="absolute inset-x-0 bottom-0 h-9 w-full text-accent" />
      )}
    </div>
  );
}
