import { type ReactNode, useId } from 'react';
import { cx } from './cx.ts';

export interface RadioCard<T extends string> {
  readonly value: T;
  readonly title: ReactNode;
  readonly text: ReactNode;
  /** What may go wrong with it; said before it is chosen. */
  readonly risk?: ReactNode;
}

/** One of a few choices that need a sentence each. Arrow keys go between them. */
export function RadioCards<T extends string>({
  label,
  value,
  options,
  onChange,
  disabled,
}: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly RadioCard<T>[];
  onChange(value: T): void;
  readonly disabled?: boolean;
}) {
  const id = useId();
  return (
    <fieldset disabled={disabled === true} className="min-w-0">
      <legend className="mb-1.5 font-medium text-ink text-xs">{label}</legend>
      <div className="grid gap-2">
        {options.map((option, i) => (
          <label
            key={option.value}
            htmlFor={`${id}-${i}`}
            className={cx(
              'flex gap-2.5 rounded-md border p-3 has-disabled:cursor-default',
              'has-focus-visible:outline-2 has-focus-visible:outline-focus',
              option.value === value ? 'border-accent bg-sunken' : 'border-line hover:bg-sunken',
            )}
          >
            <input
              id={`${id}-${i}`}
              type="radio"
              name={id}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
              aria-describedby={`${id}-${i}-text`}
              className="mt-0.5 size-3.5 shrink-0 accent-(--accent) outline-none"
            />
            <span className="min-w-0">
              <span className="block font-medium text-ink text-sm">{option.title}</span>
              <span id={`${id}-${i}-text`} className="block text-ink-2 text-xs">
                {option.text}
                {option.risk !== undefined && <span className="mt-0.5 block text-ink-2">{option.risk}</span>}
              </span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
