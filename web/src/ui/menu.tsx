import { Menu as Base } from '@base-ui/react/menu';
import type { ReactElement, ReactNode } from 'react';
import { cx } from './cx.ts';

export const popupClass =
  'appear z-50 min-w-44 origin-(--transform-origin) overflow-hidden rounded-lg border border-line bg-surface p-1 text-sm shadow-pop outline-none';

/** A button that opens a list of actions. */
export function Menu({
  trigger,
  children,
  align = 'end',
  side = 'bottom',
  defaultOpen = false,
}: {
  readonly trigger: ReactElement;
  readonly children: ReactNode;
  readonly align?: 'start' | 'end';
  readonly side?: 'bottom' | 'top';
  /** Opens as it appears: for a menu that is loaded when its button is pressed. */
  readonly defaultOpen?: boolean;
}) {
  return (
    <Base.Root defaultOpen={defaultOpen}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={6} align={align} side={side} className="z-50">
          <Base.Popup className={popupClass}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function MenuItem({
  children,
  icon,
  danger,
  disabled,
  onSelect,
}: {
  readonly children: ReactNode;
  readonly icon?: ReactNode;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  onSelect(): void;
}) {
  return (
    <Base.Item
      disabled={disabled === true}
      onClick={onSelect}
      className={cx(
        'flex h-8 cursor-default select-none items-center gap-2 rounded-md px-2 outline-none data-disabled:opacity-50 data-highlighted:bg-hover',
        danger ? 'text-danger' : 'text-ink',
      )}
    >
      {icon}
      {children}
    </Base.Item>
  );
}

/** One of several; the chosen one has a mark. */
export function MenuChoice<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, text: string])[];
  onChange(value: T): void;
}) {
  return (
    <Base.Group>
      <Base.GroupLabel className="px-2 pt-2 pb-1 font-medium text-ink-3 text-xs">{label}</Base.GroupLabel>
      <Base.RadioGroup value={value} onValueChange={(next: T) => onChange(next)}>
        {options.map(([option, text]) => (
          <Base.RadioItem
            key={option}
            value={option}
            closeOnClick
            className="flex h-8 cursor-default select-none items-center gap-2 rounded-md px-2 text-ink outline-none data-highlighted:bg-hover"
          >
            <span className="flex size-4 items-center justify-center">
              <Base.RadioItemIndicator className="size-1.5 rounded-full bg-accent" />
            </span>
            {text}
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  );
}

export function MenuSeparator() {
  return <Base.Separator className="-mx-1 my-1 h-px bg-line" />;
}
