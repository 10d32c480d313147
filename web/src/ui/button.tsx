import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import { cx } from './cx.ts';
import { Spinner } from './spinner.tsx';

export type ButtonTone = 'primary' | 'plain' | 'quiet' | 'danger';
export type ButtonSize = 'sm' | 'md';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly tone?: ButtonTone;
  readonly size?: ButtonSize;
  /** Something is under way: shown, and not to be pressed again. */
  readonly busy?: boolean | undefined;
  readonly icon?: ReactNode;
  readonly ref?: Ref<HTMLButtonElement>;
}

const tones: Record<ButtonTone, string> = {
  primary: 'bg-accent text-accent-ink hover:bg-accent-hover border-transparent',
  plain: 'bg-surface text-ink hover:bg-hover border-line-strong',
  quiet: 'text-ink-2 hover:bg-hover hover:text-ink border-transparent',
  danger: 'bg-surface text-danger hover:bg-danger-soft border-line-strong',
};

const sizes: Record<ButtonSize, string> = {
  sm: 'h-7 px-2 text-xs gap-1.5',
  md: 'h-8 px-3 text-sm gap-2',
};

/** How a button looks, for links that act as one. */
export function buttonClass(tone: ButtonTone = 'plain', size: ButtonSize = 'md', isSquare = false): string {
  return cx(
    'inline-flex shrink-0 select-none items-center justify-center whitespace-nowrap rounded-md border font-medium transition-colors disabled:opacity-50',
    tones[tone],
    sizes[size],
    isSquare && (size === 'sm' ? 'w-7 px-0!' : 'w-8 px-0!'),
  );
}

export function Button({ tone = 'plain', size = 'md', busy, icon, children, className, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      className={cx(buttonClass(tone, size, children === undefined), className)}
    >
      {busy ? <Spinner /> : icon}
      {children}
    </button>
  );
}
