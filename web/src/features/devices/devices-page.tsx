import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Plus, Radio } from 'lucide-react';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DevicesSearch } from '../../routes/devices.tsx';
import { useMay } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { BulkActions } from './list/bulk-actions.tsx';
import { DeviceTable } from './list/device-table.tsx';
import { Filters } from './list/filters.tsx';
import { deviceListQuery } from './queries.ts';

/** Columns of values beyond this are a dashboard. */
const keyColumnsLimit = 6;

export function DevicesPage() {
  const { t } = useTranslation('devices');
  const search = useSearch({ from: '/app/devices' });
  const navigate = useNavigate({ from: '/devices' });
  const mayWrite = useMay('operator');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const { sort = 'name', order = 'asc' } = search;
  const list = useInfiniteQuery({
    ...deviceListQuery({
      sort,
      order,
      ...(search.search !== undefined && { search: search.search }),
      ...(search.profile !== undefined && { profileId: search.profile }),
      ...(search.state !== undefined && { active: search.state === 'active' }),
    }),
    placeholderData: keepPreviousData,
  });
  const devices = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const keys = useMemo(
    () => (search.keys?.split(',') ?? []).filter((key) => key !== '').slice(0, keyColumnsLimit),
    [search.keys],
  );
  const change = useCallback(
    (changes: { [K in keyof DevicesSearch]?: DevicesSearch[K] | undefined }): void => {
      void navigate({
        search: (before) =>
          Object.fromEntries(Object.entries({ ...before, ...changes }).filter(([, value]) => value !== undefined)),
        replace: true,
      });
    },
    [navigate],
  );
  const isFiltered = search.search !== undefined || search.profile !== undefined || search.state !== undefined;

  return (
    <Page
      wide
      title={t('title')}
      actions={
        mayWrite && (
          <Link to="/devices/add" className={buttonClass('primary')}>
            <Plus className="size-4" aria-hidden="true" />
            {t('add')}
          </Link>
        )
      }
    >
      <Filters search={search} keys={keys} devices={devices} onChange={change} />
      <div className="mt-3 flex min-h-0 min-w-0 flex-1 flex-col rounded-lg border border-line bg-surface">
        {list.isPending ? (
          <LoadingRows />
        ) : list.data === undefined ? (
          <ErrorState error={list.error} onRetry={() => void list.refetch()} />
        ) : devices.length === 0 && isFiltered ? (
          <EmptyState
            icon={<Radio />}
            title={t('noMatch.title')}
            action={
              <Button onClick={() => change({ search: undefined, profile: undefined, state: undefined })}>
                {t('noMatch.clear')}
              </Button>
            }
          >
            {t('noMatch.text')}
          </EmptyState>
        ) : devices.length === 0 ? (
          <EmptyState
            icon={<Radio />}
            title={t('empty.title')}
            action={
              mayWrite && (
                <Link to="/devices/add" className={buttonClass('primary')}>
                  {t('add')}
                </Link>
              )
            }
          >
            {t('empty.text')}
          </EmptyState>
        ) : (
          <DeviceTable
            devices={devices}
            keys={keys}
            sort={sort}
            order={order}
            onSort={(next, nextOrder) => change({ sort: next, order: nextOrder })}
            selected={selected}
            onSelect={mayWrite ? setSelected : undefined}
            hasMore={list.hasNextPage}
            isLoadingMore={list.isFetchingNextPage}
            onMore={() => void list.fetchNextPage()}
          />
        )}
      </div>
      {selected.size > 0 && <BulkActions ids={[...selected]} onDone={() => setSelected(new Set())} />}
    </Page>
  );
}
