import { Switch as Base } from '@base-ui/react/switch';
import { type ReactNode, useId } from 'react';

export interface SwitchProps {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  readonly checked: boolean;
  onChange(checked: boolean): void;
  readonly disabled?: boolean;
}

/** On or off, with its label beside it. */
export function Switch({ label, hint, checked, onChange, disabled }: SwitchProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <Base.Root
        aria-labelledby={`${id}-label`}
        {...(hint !== undefined && { 'aria-describedby': `${id}-hint` })}
        checked={checked}
        disabled={disabled === true}
        onCheckedChange={onChange}
        className="mt-0.5 flex h-4.5 w-8 shrink-0 items-center rounded-full bg-line-strong p-0.5 transition-colors disabled:opacity-50 data-checked:bg-accent"
      >
        <Base.Thumb className="size-3.5 rounded-full bg-white shadow-sm transition-transform data-checked:translate-x-3.5" />
      </Base.Root>
      <div className="min-w-0">
        <div id={`${id}-label`} className="text-ink text-sm">
          {label}
        </div>
        {hint !== undefined && (
          <div id={`${id}-hint`} className="text-ink-3 text-xs">
            {hint}
          </div>
        )}
      </div>
    </div>
  );
}
