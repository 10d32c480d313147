import type { ReactNode } from 'react';
import { cx } from './cx.ts';

/** A short choice in a row: ranges, views. */
export function Segments<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, text: ReactNode])[];
  onChange(value: T): void;
}) {
  return (
    <fieldset
      aria-label={label}
      className="inline-flex h-8 items-center rounded-md border border-line-strong bg-surface p-0.5"
    >
      {options.map(([option, text]) => (
        <button
          key={option}
          type="button"
          aria-pressed={option === value}
          onClick={() => onChange(option)}
          className={cx(
            'h-full whitespace-nowrap rounded-[5px] px-2.5 font-medium text-xs transition-colors',
            option === value ? 'bg-hover text-ink' : 'text-ink-2 hover:text-ink',
          )}
        >
          {text}
        </button>
      ))}
    </fieldset>
  );
}
