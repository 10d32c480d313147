import { type ReactNode, useId } from 'react';
import { cx } from './cx.ts';

/** A framed part of a page with its heading. */
export function Card({
  title,
  actions,
  children,
  className,
  flush,
}: {
  readonly title?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string | undefined;
  /** Content goes to the edges: tables, lists. */
  readonly flush?: boolean;
}) {
  const id = useId();
  return (
    <section
      aria-labelledby={title === undefined ? undefined : id}
      className={cx('min-w-0 rounded-lg border border-line bg-surface', className)}
    >
      {(title !== undefined || actions !== undefined) && (
        <header className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-line border-b px-4 py-1.5">
          <h2 id={id} className="min-w-28 flex-1 truncate font-medium text-ink text-sm">
            {title}
          </h2>
          {actions}
        </header>
      )}
      <div className={flush ? 'min-w-0' : 'p-4'}>{children}</div>
    </section>
  );
}
