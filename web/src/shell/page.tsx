import { Link } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { cx } from '../ui/cx.ts';

/** The frame of a page: heading, actions at its right, content. @param title also the title of the browser's tab */
export function Page({
  title,
  parent,
  lead,
  actions,
  children,
  wide,
}: {
  readonly title: string;
  readonly parent?: { readonly to: string; readonly label: string };
  /** Under the heading: state, a sentence. */
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** Uses all the width there is: lists, dashboards. */
  readonly wide?: boolean;
}) {
  useEffect(() => {
    document.title = `${title} · Gapura`;
  }, [title]);
  return (
    <div className={cx('mx-auto flex w-full min-w-0 flex-1 flex-col px-4 py-5 sm:px-6', !wide && 'max-w-6xl')}>
      <header className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-2">
        <div className="min-w-40 flex-1">
          {parent !== undefined && (
            <nav className="mb-0.5 flex items-center gap-1 text-ink-3 text-xs">
              <Link to={parent.to} className="rounded hover:text-ink">
                {parent.label}
              </Link>
              <ChevronRight className="size-3" aria-hidden="true" />
            </nav>
          )}
          <h1 className="truncate font-semibold text-ink text-lg tracking-tight">{title}</h1>
          {lead !== undefined && <div className="mt-0.5 text-ink-2 text-sm">{lead}</div>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
