import type { ReactNode } from 'react';
import { cx } from './cx.ts';

export type BadgeTone = 'neutral' | 'ok' | 'warn' | 'danger' | 'accent';

const tones: Record<BadgeTone, string> = {
  neutral: 'bg-hover text-ink-2',
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  danger: 'bg-danger-soft text-danger',
  // Not the accent's own colour, which a warning could be taken for.
  accent: 'border border-line-strong text-ink',
};

export function Badge({ tone = 'neutral', children }: { readonly tone?: BadgeTone; readonly children: ReactNode }) {
  return (
    <span
      className={cx(
        'inline-flex h-5 max-w-full items-center gap-1 truncate whitespace-nowrap rounded px-1.5 font-medium text-xs',
        tones[tone],
      )}
    >
      {children}
    </span>
  );
}

/** A dot with its meaning in words for who cannot see its colour. */
export function StateDot({
  state,
  label,
}: {
  readonly state: 'on' | 'off' | 'unknown' | 'bad';
  readonly label: string;
}) {
  const colour = { on: 'bg-ok-dot', off: 'bg-line-strong', unknown: 'bg-warn-dot', bad: 'bg-danger' }[state];
  return (
    <span className="inline-flex size-2 shrink-0 rounded-full" role="img" aria-label={label} title={label}>
      <span className={cx('size-2 rounded-full', colour)} />
    </span>
  );
}
