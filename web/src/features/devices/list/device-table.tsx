/** The list itself: rows exist while they are in view, so a hundred thousand devices scroll like twenty. */
import { useMutation } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useCallback, useEffect, useEffectEvent, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { gapura } from '../../../api.ts';
import { useFormat } from '../../../i18n/format.ts';
import { useIsStale } from '../../../live/connection.ts';
import { useLive } from '../../../live/use-live.ts';
import { cx } from '../../../ui/cx.ts';
import { useErrorText } from '../../../ui/error-text.ts';
import { Skeleton } from '../../../ui/states.tsx';
import { toast, toastError } from '../../../ui/toast.tsx';
import type { DeviceListing } from '../queries.ts';
import { useSettled } from '../use-settled.ts';
import { DeviceRow } from './device-row.tsx';
import type { DeviceRows } from './use-device-rows.ts';

export type Sort = 'name' | 'createdAt' | 'lastActivityTime';
export type Order = 'asc' | 'desc';

export interface DeviceTableProps {
  readonly rows: DeviceRows;
  readonly total: number;
  readonly listing: DeviceListing;
  /** Telemetry keys with a column. */
  readonly keys: readonly string[];
  /** Where it is opened, from 0. */
  readonly firstRow: number;
  /** These rows are drawn, or about to be: their devices are wanted. */
  onLook(range: { from: number; to: number }): void;
  /** Somebody stopped scrolling, and this is the first row in view. */
  onPlace(row: number): void;
  readonly sort: Sort;
  readonly order: Order;
  onSort(sort: Sort, order: Order): void;
  readonly selected: ReadonlySet<string>;
  /** Absent for those who may not change anything. */
  readonly onSelect: ((selected: ReadonlySet<string>) => void) | undefined;
}

const rowHeight = 40;
const headerHeight = 36;
/** Chosen at once by the box above: one page of the server's, and what can be undone by hand. */
const selectedLimit = 1000;
/** What is only scrolled past asks nobody. */
const lookMs = 60;
/** Rows; as many before and behind those that are drawn are fetched with them. */
const lookedStep = 50;
const placeMs = 150;
const headerClass =
  'sticky top-0 z-10 whitespace-nowrap border-line border-b bg-surface px-3 font-medium text-ink-3 text-xs';

export function DeviceTable(props: DeviceTableProps) {
  const { rows: devices, total, listing, keys, firstRow, onLook, onPlace, selected, onSelect } = props;
  const { t } = useTranslation('devices');
  const format = useFormat();
  const textOf = useErrorText();
  const scroller = useRef<HTMLDivElement>(null);
  const isStale = useIsStale();
  const rows = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    initialOffset: firstRow * rowHeight,
    overscan: 12,
  });
  const shown = rows.getVirtualItems();
  const first = shown[0]?.index ?? firstRow;
  const last = shown.at(-1)?.index ?? firstRow;
  const offset = rows.scrollOffset ?? 0;
  const inView = Math.min(Math.round(offset / rowHeight), Math.max(0, total - 1));
  const bottom = offset + (rows.scrollRect?.height ?? 0) - headerHeight;
  const lastInView = Math.max(inView + 1, Math.min(total, Math.round(bottom / rowHeight)));

  // In steps, so that it settles also while somebody scrolls on and on.
  const looked = useSettled(`${Math.floor(first / lookedStep)}-${Math.floor(last / lookedStep)}`, lookMs);
  useEffect(() => {
    const [from = 0, to = 0] = looked.split('-').map(Number);
    onLook({ from: Math.max(0, from - 1) * lookedStep, to: (to + 2) * lookedStep - 1 });
  }, [looked, onLook]);
  const place = useSettled(inView, placeMs);
  const told = useRef(firstRow);
  const tellPlace = useEffectEvent(onPlace);
  useEffect(() => {
    if (place === told.current) return;
    told.current = place;
    tellPlace(place);
  }, [place]);

  const shownDevices = shown.flatMap(({ index }) => devices.rowAt(index) ?? []);
  // What is scrolled past is not subscribed to.
  const liveIds = useSettled(shownDevices.map(({ id }) => id).join(), 200);
  const live = useLive({
    deviceIds: liveIds === '' ? [] : liveIds.split(','),
    topics: keys.length > 0 ? ['activity', 'telemetry'] : ['activity'],
    ...(keys.length > 0 && { keys }),
  });

  const selectAll = useMutation({
    mutationFn: () => gapura.devices.list({ ...listing, limit: selectedLimit }),
    onSuccess: ({ items }) => {
      onSelect?.(new Set(items.map(({ id }) => id)));
      if (total > items.length) toast(t('bulk.firstSelected', { count: items.length }));
    },
    onError: (error) => toastError(textOf(error)),
  });
  const isEverySelected = selected.size > 0 && selected.size >= Math.min(total, selectedLimit);
  const select = useCallback(
    (id: string, isSelected: boolean): void => {
      const next = new Set(selected);
      if (isSelected) next.add(id);
      else next.delete(id);
      onSelect?.(next);
    },
    [selected, onSelect],
  );

  const above = shown[0]?.start ?? 0;
  const below = rows.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    <>
      <section
        ref={scroller}
        aria-label={t('title')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
        tabIndex={0}
        className="h-[calc(100dvh-16rem)] min-h-72 overflow-auto rounded-t-lg outline-offset-[-2px] md:h-[calc(100dvh-10.375rem)]"
      >
        <table aria-rowcount={total + 1} className="w-full border-separate border-spacing-0 text-left text-sm">
          <thead>
            <tr className="h-9">
              {onSelect !== undefined && (
                <th scope="col" className={cx(headerClass, 'w-10 pr-0 pl-4')}>
                  <input
                    type="checkbox"
                    aria-label={t('selectAll')}
                    checked={isEverySelected || selectAll.isPending}
                    disabled={selectAll.isPending}
                    onChange={(event) => {
                      if (event.target.checked) selectAll.mutate();
                      else onSelect(new Set());
                    }}
                    className="block size-3.5 accent-accent"
                  />
                </th>
              )}
              <SortHeader {...props} by="name" label={t('column.name')} className="min-w-32" />
              {keys.map((key) => (
                <th
                  key={key}
                  scope="col"
                  className={cx(headerClass, 'max-w-40 truncate text-right font-mono')}
                  title={key}
                >
                  {key}
                </th>
              ))}
              <th scope="col" className={cx(headerClass, 'hidden md:table-cell')}>
                {t('column.label')}
              </th>
              <th scope="col" className={cx(headerClass, 'hidden md:table-cell')}>
                {t('column.profile')}
              </th>
              <SortHeader {...props} by="lastActivityTime" label={t('column.lastSeen')} className="pr-4 text-right" />
            </tr>
          </thead>
          <tbody className={isStale ? 'opacity-60' : undefined}>
            {above > 0 && <tr style={{ height: above }} />}
            {shown.map(({ index }) => {
              const device = devices.rowAt(index);
              if (device === undefined) return <LoadingRow key={index} index={index} />;
              return (
                <DeviceRow
                  key={device.id}
                  device={device}
                  live={live.devices.get(device.id)}
                  keys={keys}
                  index={index}
                  isSelected={selected.has(device.id)}
                  onSelect={onSelect === undefined ? undefined : select}
                />
              );
            })}
            {below > 0 && <tr style={{ height: below }} />}
          </tbody>
        </table>
      </section>
      <p className="flex h-8 items-center justify-between gap-3 border-line border-t px-4 text-ink-3 text-xs tabular-nums">
        {t('rows', { from: format.number(inView + 1), to: format.number(lastInView), total: format.number(total) })}
        {devices.error !== undefined && (
          <button type="button" className="text-danger underline" onClick={devices.refetch}>
            {t('rowsFailed')}
          </button>
        )}
      </p>
    </>
  );
}

/** A row whose device is on its way. */
function LoadingRow({ index }: { readonly index: number }) {
  return (
    <tr aria-rowindex={index + 2} aria-busy="true">
      <td colSpan={100} className="h-10 border-line border-b px-4">
        <Skeleton className="h-3 w-48" />
      </td>
    </tr>
  );
}

function SortHeader({
  by,
  label,
  sort,
  order,
  onSort,
  className,
}: Pick<DeviceTableProps, 'sort' | 'order' | 'onSort'> & {
  readonly by: Sort;
  readonly label: string;
  readonly className: string;
}) {
  const isSorted = sort === by;
  const Icon = order === 'asc' ? ArrowUp : ArrowDown;
  const firstOrder = by === 'name' ? 'asc' : 'desc';
  return (
    <th
      scope="col"
      aria-sort={isSorted ? (order === 'asc' ? 'ascending' : 'descending') : 'none'}
      className={cx(headerClass, className)}
    >
      <button
        type="button"
        onClick={() => onSort(by, isSorted ? (order === 'asc' ? 'desc' : 'asc') : firstOrder)}
        className="inline-flex items-center gap-1 rounded hover:text-ink"
      >
        {label}
        {isSorted && <Icon className="size-3" aria-hidden="true" />}
      </button>
    </th>
  );
}
