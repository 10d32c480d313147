/** The list itself: rows exist while they are in view, so a hundred thousand devices scroll like twenty. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useCallback, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import { useIsStale } from '../../../live/connection.ts';
import { useLive } from '../../../live/use-live.ts';
import { cx } from '../../../ui/cx.ts';
import { Spinner } from '../../../ui/spinner.tsx';
import { useSettled } from '../use-settled.ts';
import { DeviceRow } from './device-row.tsx';

export type Sort = 'name' | 'createdAt' | 'lastActivityTime';
export type Order = 'asc' | 'desc';

export interface DeviceTableProps {
  readonly devices: readonly Device[];
  /** Telemetry keys with a column. */
  readonly keys: readonly string[];
  readonly sort: Sort;
  readonly order: Order;
  onSort(sort: Sort, order: Order): void;
  readonly selected: ReadonlySet<string>;
  /** Absent for those who may not change anything. */
  readonly onSelect: ((selected: ReadonlySet<string>) => void) | undefined;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  onMore(): void;
}

const rowHeight = 40;
const headerClass =
  'sticky top-0 z-10 whitespace-nowrap border-line border-b bg-surface px-3 font-medium text-ink-3 text-xs';

export function DeviceTable(props: DeviceTableProps) {
  const { devices, keys, selected, onSelect, hasMore, isLoadingMore, onMore } = props;
  const { t } = useTranslation('devices');
  const scroller = useRef<HTMLDivElement>(null);
  const isStale = useIsStale();
  const rows = useVirtualizer({
    count: devices.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const shown = rows.getVirtualItems();
  const first = shown[0]?.index ?? 0;
  const last = shown.at(-1)?.index ?? 0;
  // What is scrolled past is not subscribed to.
  const range = useSettled(`${first}-${last}-${devices.length}`, 200);
  const [from = 0, to = 0] = range.split('-').map(Number);
  const live = useLive({
    deviceIds: devices.slice(from, to + 1).map(({ id }) => id),
    topics: keys.length > 0 ? ['activity', 'telemetry'] : ['activity'],
    ...(keys.length > 0 && { keys }),
  });

  useEffect(() => {
    if (hasMore && !isLoadingMore && last >= devices.length - 30) onMore();
  }, [last, devices.length, hasMore, isLoadingMore, onMore]);

  const isEverySelected = devices.length > 0 && devices.every(({ id }) => selected.has(id));
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
    <section
      ref={scroller}
      aria-label={t('title')}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
      tabIndex={0}
      className="h-[calc(100dvh-14rem)] min-h-80 md:h-[calc(100dvh-8.375rem)] overflow-auto rounded-lg outline-offset-[-2px]"
    >
      <table
        aria-rowcount={hasMore ? -1 : devices.length + 1}
        className="w-full border-separate border-spacing-0 text-left text-sm"
      >
        <thead>
          <tr className="h-9">
            {onSelect !== undefined && (
              <th scope="col" className={cx(headerClass, 'w-10 pr-0 pl-4')}>
                <input
                  type="checkbox"
                  aria-label={t('selectAll')}
                  checked={isEverySelected}
                  onChange={(event) => onSelect(new Set(event.target.checked ? devices.map(({ id }) => id) : []))}
                  className="block size-3.5 accent-accent"
                />
              </th>
            )}
            <SortHeader {...props} by="name" label={t('column.name')} />
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
            <SortHeader {...props} by="lastActivityTime" label={t('column.lastSeen')} isRight />
          </tr>
        </thead>
        <tbody className={isStale ? 'opacity-60' : undefined}>
          {above > 0 && <tr style={{ height: above }} />}
          {shown.map(({ index }) => {
            const device = devices[index];
            if (device === undefined) return null;
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
      {isLoadingMore && (
        <div
          role="status"
          aria-label={t('filter.loading')}
          className="flex h-10 items-center justify-center text-ink-3"
        >
          <Spinner />
        </div>
      )}
    </section>
  );
}

function SortHeader({
  by,
  label,
  sort,
  order,
  onSort,
  isRight,
}: Pick<DeviceTableProps, 'sort' | 'order' | 'onSort'> & {
  readonly by: Sort;
  readonly label: string;
  readonly isRight?: boolean;
}) {
  const isSorted = sort === by;
  const Icon = order === 'asc' ? ArrowUp : ArrowDown;
  const firstOrder = by === 'name' ? 'asc' : 'desc';
  return (
    <th
      scope="col"
      aria-sort={isSorted ? (order === 'asc' ? 'ascending' : 'descending') : 'none'}
      className={cx(headerClass, isRight && 'pr-4 text-right')}
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
