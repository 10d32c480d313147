import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './button.tsx';
import { cx } from './cx.ts';

export interface DialogProps {
  readonly open: boolean;
  onOpenChange(open: boolean): void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly children: ReactNode;
  /** Wider, for content with a table or code. */
  readonly wide?: boolean;
}

const firstFocused = 'input:not([type=hidden]), select, textarea, button';

/** A window over the page. Escape and the backdrop close it; focus stays within and returns where it was. */
export function Dialog({ open, onOpenChange, title, description, children, wide }: DialogProps) {
  const { t } = useTranslation();
  const content = useRef<HTMLDivElement>(null);
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Backdrop className="appear fixed inset-0 z-40 bg-black/40" />
        <Base.Popup
          // The first field, or the button that does nothing. On a phone the keyboard would cover what is asked.
          initialFocus={(by) => by === 'touch' || (content.current?.querySelector<HTMLElement>(firstFocused) ?? true)}
          className={cx(
            'appear fixed top-[8dvh] left-1/2 z-50 flex max-h-[84dvh] w-[calc(100vw-2rem)] -translate-x-1/2 flex-col overflow-hidden rounded-xl border border-line bg-surface shadow-pop',
            wide ? 'max-w-3xl' : 'max-w-md',
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Base.Title className="font-semibold text-base text-ink">{title}</Base.Title>
              {description !== undefined && (
                <Base.Description className="mt-0.5 text-ink-2 text-sm">{description}</Base.Description>
              )}
            </div>
            <Base.Close
              render={<Button tone="quiet" size="sm" aria-label={t('close')} icon={<X className="size-4" />} />}
            />
          </header>
          <div ref={content} className="min-h-0 overflow-y-auto px-5 pb-5">
            {children}
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** The row of buttons at the end of a dialog. */
export function DialogActions({ children }: { readonly children: ReactNode }) {
  return <div className="mt-5 flex flex-wrap justify-end gap-2">{children}</div>;
}
