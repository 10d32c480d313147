import { RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './button.tsx';
import { cx } from './cx.ts';
import { useErrorText } from './error-text.ts';

/** Nothing there yet, and what to do about it. */
export function EmptyState({
  icon,
  title,
  children,
  action,
}: {
  readonly icon?: ReactNode;
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center justify-center px-6 py-14 text-center">
      {icon !== undefined && <div className="mb-3 text-ink-3 [&_svg]:size-6">{icon}</div>}
      <h2 className="font-medium text-base text-ink">{title}</h2>
      {children !== undefined && <div className="mt-1 max-w-md text-balance text-ink-2 text-sm">{children}</div>}
      {action !== undefined && <div className="mt-4 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

/** A part that could not be loaded. */
export function ErrorState({ error, onRetry }: { readonly error: unknown; onRetry?(): void }) {
  const { t } = useTranslation();
  const textOf = useErrorText();
  return (
    <div role="alert" className="flex flex-col items-center px-6 py-12 text-center">
      <h2 className="font-medium text-base text-ink">{t('loadFailed')}</h2>
      <p className="mt-1 max-w-md text-balance text-ink-2 text-sm">{textOf(error)}</p>
      {onRetry !== undefined && (
        <Button className="mt-4" icon={<RotateCw className="size-3.5" />} onClick={onRetry}>
          {t('tryAgain')}
        </Button>
      )}
    </div>
  );
}

/** The shape of what is coming. */
export function Skeleton({ className }: { readonly className?: string }) {
  return <div aria-hidden="true" className={cx('animate-pulse rounded bg-hover', className ?? 'h-4 w-full')} />;
}

export function LoadingRows({ rows = 6 }: { readonly rows?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t('loading')} className="flex flex-col gap-3 p-4">
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={i} className={cx('h-4', ['w-4/5', 'w-3/5', 'w-2/3'][i % 3])} />
      ))}
    </div>
  );
}
