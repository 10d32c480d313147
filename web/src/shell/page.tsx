import { Link } from '@tanstack/react-router';
import { ChevronLeft } from 'lucide-react';
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
  readonly parent?: { readonly to: string; readonly search?: object; readonly label: string };
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
      <header className="mb-4">
        {parent !== undefined && (
          <nav className="-ml-0.5 mb-0.5 text-ink-3 text-xs">
            <Link
              to={parent.to}
              search={parent.search ?? {}}
              className="inline-flex items-center gap-0.5 rounded hover:text-ink"
            >
              <ChevronLeft className="size-3.5" aria-hidden="true" />
              {parent.label}
            </Link>
          </nav>
        )}
        {/* On a phone the sentence stands between title and actions, else below both. */}
        <div className="flex min-h-8 flex-wrap items-center gap-x-4 gap-y-1.5 sm:gap-y-0.5">
          <h1 className="min-w-40 flex-1 truncate font-semibold text-ink text-lg tracking-tight">{title}</h1>
          {lead !== undefined && (
            <div className="min-w-0 basis-full text-pretty text-ink-2 text-sm sm:order-last">{lead}</div>
          )}
          {actions !== undefined && <div className="flex flex-wrap items-center gap-2 max-sm:py-0.5">{actions}</div>}
        </div>
      </header>
      {children}
    </div>
  );
}
