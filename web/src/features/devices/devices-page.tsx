import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Plus, Radio } from 'lucide-react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import type { DevicesSearch } from '../../routes/devices.tsx';
import { useMay } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { splitKeys } from './key-list.ts';
import { BulkActions } from './list/bulk-actions.tsx';
import { DeviceTable } from './list/device-table.tsx';
import { Filters } from './list/filters.tsx';
import { rememberPlace } from './list/place.ts';
import { type DeviceRows, useDeviceRows } from './list/use-device-rows.ts';
import type { DeviceListing } from './queries.ts';

/** Columns of values beyond this are a dashboard. */
const keyColumnsLimit = 6;

type Changes = { [K in keyof DevicesSearch]?: DevicesSearch[K] | undefined };

export function DevicesPage() {
  const { t } = useTranslation('devices');
  const search = useSearch({ from: '/app/devices' });
  const navigate = useNavigate({ from: '/devices' });
  const mayWrite = useMay('operator');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const { sort = 'name', order = 'asc' } = search;
  const listing: DeviceListing = useMemo(
    () => ({
      sort,
      order,
      ...(search.search !== undefined && { search: search.search }),
      ...(search.profile !== undefined && { profileId: search.profile }),
      ...(search.state !== undefined && { active: search.state === 'active' }),
    }),
    [sort, order, search.search, search.profile, search.state],
  );
  const [looked, setLooked] = useState({ from: (search.row ?? 1) - 1, to: (search.row ?? 1) - 1 });
  const rows = useDeviceRows(listing, looked.from, looked.to);
  const devices = devicesOf(rows, looked);
  const keys = useMemo(() => splitKeys(search.keys ?? '').slice(0, keyColumnsLimit), [search.keys]);
  const replaceSearch = useCallback(
    (changes: Changes): void => {
      void navigate({
        search: (before) =>
          Object.fromEntries(Object.entries({ ...before, ...changes }).filter(([, value]) => value !== undefined)),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  // Another list is looked at from its beginning.
  const change = useCallback(
    (changes: Changes): void => {
      setLooked({ from: 0, to: 0 });
      replaceSearch({ ...changes, row: undefined });
    },
    [replaceSearch],
  );
  useEffect(() => rememberPlace(search), [search]);
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
      <Filters search={search} keys={keys} devices={devices} onChange={change} onKeys={replaceSearch} />
      <div className="mt-3 flex min-h-0 min-w-0 flex-1 flex-col rounded-lg border border-line bg-surface">
        {rows.isPending ? (
          <LoadingRows />
        ) : rows.total === undefined ? (
          <ErrorState error={rows.error} onRetry={rows.refetch} />
        ) : rows.total === 0 && isFiltered ? (
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
        ) : rows.total === 0 ? (
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
            // Another list begins at its beginning.
            key={JSON.stringify(listing)}
            rows={rows}
            total={rows.total}
            listing={listing}
            firstRow={(search.row ?? 1) - 1}
            onLook={setLooked}
            onPlace={(row) => replaceSearch({ row: row === 0 ? undefined : row + 1 })}
            keys={keys}
            sort={sort}
            order={order}
            onSort={(next, nextOrder) => change({ sort: next, order: nextOrder })}
            selected={selected}
            onSelect={mayWrite ? setSelected : undefined}
          />
        )}
      </div>
      {selected.size > 0 && <BulkActions ids={[...selected]} onDone={() => setSelected(new Set())} />}
    </Page>
  );
}

/** Those that have come of the rows that are looked at. */
function devicesOf(rows: DeviceRows, { from, to }: { readonly from: number; readonly to: number }): Device[] {
  return Array.from({ length: to - from + 1 }, (_, i) => rows.rowAt(from + i)).filter((device) => device !== undefined);
}
