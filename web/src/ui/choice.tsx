import type { ReactNode } from 'react';
import { cx } from './cx.ts';

/** A radio button as large as what it stands for. */
export function Choice({
  name,
  icon,
  title,
  text,
  risk,
  checked,
  disabled,
  onChoose,
}: {
  readonly name: string;
  readonly icon?: ReactNode;
  readonly title: string;
  readonly text: string;
  /** What may go wrong with it. */
  readonly risk?: string;
  readonly checked: boolean;
  readonly disabled?: boolean;
  onChoose(): void;
}) {
  return (
    <label
      className={cx(
        'flex items-start gap-3 rounded-lg border bg-surface p-4 has-focus-visible:outline-2 has-focus-visible:outline-focus',
        checked ? 'border-accent ring-1 ring-accent' : 'border-line-strong',
        disabled ? 'opacity-60' : 'cursor-pointer hover:bg-sunken',
      )}
    >
      <input
        type="radio"
        name={name}
        checked={checked}
        disabled={disabled}
        onChange={onChoose}
        className="mt-0.75 accent-accent"
      />
      <span className="min-w-0">
        <span className="flex items-center gap-1.5 font-medium text-ink [&_svg]:size-4 [&_svg]:text-ink-3">
          {icon}
          {title}
        </span>
        <span className="mt-0.5 block text-ink-2 text-xs">{text}</span>
        {risk !== undefined && <span className="mt-1 block text-warn text-xs">{risk}</span>}
      </span>
    </label>
  );
}
