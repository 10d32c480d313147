import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { FileUp, LayoutGrid, Plus } from 'lucide-react';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { gapura, queryClient } from '../../api.ts';
import { useFormat } from '../../i18n/format.ts';
import { useMay } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { useNew } from '../../shell/use-new.ts';
import { Button } from '../../ui/button.tsx';
import { useErrorText } from '../../ui/error-text.ts';
import { LoadMore } from '../../ui/load-more.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toast.tsx';
import { importText } from './exchange.ts';
import { NameDialog } from './name-dialog.tsx';

export function DashboardsPage() {
  const { t } = useTranslation('dashboards');
  const format = useFormat();
  const mayWrite = useMay('operator');
  const [isCreating, setCreating] = useNew();
  const found = useInfiniteQuery({
    queryKey: ['dashboards', 'list'],
    queryFn: ({ pageParam, signal }) =>
      gapura.dashboards.list({ limit: 100, ...(pageParam !== null && { cursor: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  });
  const dashboards = found.data?.pages.flatMap(({ items }) => items) ?? [];
  const create = mayWrite && (
    <Button tone="primary" icon={<Plus className="size-4" aria-hidden="true" />} onClick={() => setCreating(true)}>
      {t('new')}
    </Button>
  );
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        mayWrite && (
          <>
            <ImportButton />
            {create}
          </>
        )
      }
    >
      {found.data === undefined ? (
        found.isError ? (
          <ErrorState error={found.error} onRetry={() => void found.refetch()} />
        ) : (
          <LoadingRows />
        )
      ) : dashboards.length === 0 ? (
        <div className="rounded-lg border border-line bg-surface">
          <EmptyState icon={<LayoutGrid />} title={t('none.title')} action={create}>
            {t('none.text')}
          </EmptyState>
        </div>
      ) : (
        <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
          {dashboards.map(({ id, name, description, widgetCount, updatedAt }) => (
            <li key={id}>
              <Link
                to="/dashboards/$dashboardId"
                params={{ dashboardId: id }}
                className="flex h-full min-h-24 flex-col rounded-lg border border-line bg-surface p-4 hover:border-line-strong hover:bg-sunken"
              >
                <span className="truncate font-medium text-ink">{name}</span>
                {description !== '' && <span className="mt-0.5 line-clamp-2 text-ink-2 text-xs">{description}</span>}
                <span className="mt-auto pt-2 text-ink-3 text-xs">
                  {t('widgets', { count: widgetCount })} · {t('changed', { date: format.date(updatedAt) })}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <LoadMore of={found} />
      {isCreating && mayWrite && <NameDialog onClose={() => setCreating(false)} />}
    </Page>
  );
}

function ImportButton() {
  const { t } = useTranslation('dashboards');
  const textOf = useErrorText();
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File): Promise<void> => {
    const wanted = importText(await file.text());
    if (wanted === undefined) {
      toastError(t('import.refused'));
      return;
    }
    try {
      const made = await gapura.dashboards.create(wanted);
      await queryClient.invalidateQueries({ queryKey: ['dashboards', 'list'] });
      toast(t('import.done', { name: made.name }));
      await navigate({ to: '/dashboards/$dashboardId', params: { dashboardId: made.id } });
    } catch (error) {
      toastError(t('import.failed'), textOf(error));
    }
  };
  return (
    <>
      <Button icon={<FileUp className="size-4" aria-hidden="true" />} onClick={() => input.current?.click()}>
        {t('import.button')}
      </Button>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        aria-label={t('import.button')}
        className="hidden"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = '';
          if (file !== undefined) void take(file);
        }}
      />
    </>
  );
}
