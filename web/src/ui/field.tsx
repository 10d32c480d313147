import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react';
import { cx } from './cx.ts';

export const controlClass =
  'w-full rounded-md border border-line-strong bg-surface px-2.5 text-sm text-ink placeholder:text-ink-3 focus:border-focus focus:outline-2 focus:-outline-offset-1 focus:outline-focus disabled:opacity-60 aria-invalid:border-danger';

interface LabelledProps {
  readonly label: ReactNode;
  /** Below the control, for what the label cannot say. */
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly className?: string;
}

interface Wiring {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': true | undefined;
}

/** A label, a control, and what is to be said of it, wired for screen readers. */
export function Field({
  label,
  hint,
  error,
  className,
  children,
}: LabelledProps & { readonly children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const isDescribed = error !== undefined || (hint !== undefined && hint !== null);
  return (
    <div className={cx('flex min-w-0 flex-col gap-1', className)}>
      <label htmlFor={id} className="font-medium text-ink text-xs">
        {label}
      </label>
      {children({
        id,
        'aria-describedby': isDescribed ? `${id}-note` : undefined,
        'aria-invalid': error === undefined ? undefined : true,
      })}
      {isDescribed && (
        <div id={`${id}-note`} className={cx('text-xs', error === undefined ? 'text-ink-3' : 'text-danger')}>
          {error ?? hint}
        </div>
      )}
    </div>
  );
}

export type TextFieldProps = LabelledProps &
  Omit<InputHTMLAttributes<HTMLInputElement>, 'className'> & {
    readonly ref?: Ref<HTMLInputElement>;
    readonly mono?: boolean;
  };

export function TextField({ label, hint, error, className, mono, ...input }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} {...(error !== undefined && { error })} {...(className && { className })}>
      {(wiring) => <input {...input} {...wiring} className={cx(controlClass, 'h-8', mono && 'font-mono text-xs')} />}
    </Field>
  );
}

export function SelectField({
  label,
  hint,
  error,
  className,
  children,
  ...select
}: LabelledProps & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'className'>) {
  return (
    <Field label={label} hint={hint} {...(error !== undefined && { error })} {...(className && { className })}>
      {(wiring) => (
        <select {...select} {...wiring} className={cx(controlClass, 'h-8 pr-7')}>
          {children}
        </select>
      )}
    </Field>
  );
}

export function TextAreaField({
  label,
  hint,
  error,
  className,
  mono,
  ...area
}: LabelledProps & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'className'> & { readonly mono?: boolean }) {
  return (
    <Field label={label} hint={hint} {...(error !== undefined && { error })} {...(className && { className })}>
      {(wiring) => (
        <textarea {...area} {...wiring} className={cx(controlClass, 'min-h-20 py-1.5', mono && 'font-mono text-xs')} />
      )}
    </Field>
  );
}
