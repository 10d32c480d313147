import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ChartLine, Download, ZoomOut } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import type { AggregateFunction } from '#contract/telemetry.ts';
import { gapura } from '../../../api.ts';
import { RangePicker } from '../../../charts/range-picker.tsx';
import { boundsOf, type TimeRange } from '../../../charts/time-range.ts';
import { useSeries } from '../../../charts/use-series.ts';
import { Button, buttonClass } from '../../../ui/button.tsx';
import { Card } from '../../../ui/card.tsx';
import { cx } from '../../../ui/cx.ts';
import { ErrorNote } from '../../../ui/error-note.tsx';
import { controlClass } from '../../../ui/field.tsx';
import { EmptyState, ErrorState, LoadingRows, Skeleton } from '../../../ui/states.tsx';
import { parseRange, rangeText } from '../../dashboards/dashboard-search.ts';
import { joinKeys, splitKeys } from '../key-list.ts';
import { telemetryKeysQuery } from '../queries.ts';

const TimeChart = lazy(() =>
  import('../../../charts/time-chart.tsx').then((module) => ({ default: module.TimeChart })),
);

/** As many as there are colours. */
const keysLimit = 8;
const firstShown = 3;
const aggregates: readonly AggregateFunction[] = ['avg', 'min', 'max', 'sum', 'count', 'first', 'last'];

export function ChartTab({ device }: { readonly device: Device }) {
  const { t } = useTranslation('devices');
  const search = useSearch({ from: '/app/devices/$deviceId' });
  const navigate = useNavigate({ from: '/devices/$deviceId' });
  const known = useQuery(telemetryKeysQuery(device.id));
  /** What was shown before it was zoomed into. */
  const [wider, setWider] = useState<readonly TimeRange[]>([]);
  const [aggregate, setAggregate] = useState<AggregateFunction>('avg');
  const range = parseRange(search.range) ?? { kind: 'live' };
  const all = known.data?.map(({ key }) => key) ?? [];
  const chosen = search.keys === undefined ? all.slice(0, firstShown) : splitKeys(search.keys).slice(0, keysLimit);
  const result = useSeries({ deviceIds: [device.id], keys: chosen, range, aggregate });

  const show = (next: TimeRange, before: readonly TimeRange[]): void => {
    setWider(before);
    void navigate({ search: (now) => ({ ...now, range: rangeText(next) }), replace: true, resetScroll: false });
  };
  const toggle = (key: string): void => {
    const next = chosen.includes(key) ? chosen.filter((each) => each !== key) : [...chosen, key].slice(-keysLimit);
    void navigate({ search: (before) => ({ ...before, keys: joinKeys(next) }), replace: true });
  };
  const csvUrl = (): string => {
    const { fromMs, toMs } = boundsOf(range, Date.now());
    const window = { keys: chosen, from: Math.floor(fromMs), to: Math.ceil(toMs) };
    return gapura.telemetry.exportUrl(device.id, { ...window, format: 'csv' });
  };

  if (known.isPending) return <LoadingRows />;
  if (known.data === undefined) return <ErrorState error={known.error} onRetry={() => void known.refetch()} />;
  if (all.length === 0) {
    return (
      <EmptyState icon={<ChartLine />} title={t('latest.empty')}>
        {t('latest.emptyText')}
      </EmptyState>
    );
  }
  const isEmpty = result.series.every(({ times }) => times.length === 0);
  return (
    <Card>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <RangePicker value={range} onChange={(next) => show(next, [])} />
        {range.kind !== 'live' && (
          <select
            aria-label={t('chart.aggregate')}
            value={aggregate}
            onChange={(event) => setAggregate(aggregates.find((each) => each === event.target.value) ?? 'avg')}
            className={cx(controlClass, 'h-8 w-auto!')}
          >
            {aggregates.map((each) => (
              <option key={each} value={each}>
                {t(`chart.aggregates.${each}`)}
              </option>
            ))}
          </select>
        )}
        {wider.length > 0 && (
          <Button
            icon={<ZoomOut className="size-3.5" />}
            onClick={() => show(wider.at(-1) ?? { kind: 'live' }, wider.slice(0, -1))}
          >
            {t('chart.zoomOut')}
          </Button>
        )}
        <span className="flex-1" />
        <a
          href={csvUrl()}
          download={`${device.name}.csv`}
          onClick={(event) => {
            event.currentTarget.href = csvUrl();
          }}
          className={buttonClass('plain')}
        >
          <Download className="size-3.5" aria-hidden="true" />
          CSV
        </a>
      </div>
      <fieldset aria-label={t('chart.keys')} className="mb-3 flex flex-wrap gap-1.5">
        {all.slice(0, 60).map((key) => {
          const position = chosen.indexOf(key);
          return (
            <button
              key={key}
              type="button"
              aria-pressed={position >= 0}
              onClick={() => toggle(key)}
              className={cx(
                'inline-flex h-6.5 max-w-60 items-center gap-1.5 rounded-full border px-2.5 font-mono text-xs',
                position >= 0
                  ? 'border-line-strong bg-hover text-ink'
                  : 'border-line text-ink-2 hover:border-line-strong',
              )}
            >
              <span
                aria-hidden="true"
                className="size-2 shrink-0 rounded-full"
                style={{
                  background: position >= 0 ? `var(--chart-${(position % keysLimit) + 1})` : 'var(--line-strong)',
                }}
              />
              <span className="truncate">{key}</span>
            </button>
          );
        })}
      </fieldset>
      <ErrorNote error={result.error} />
      {chosen.length === 0 ? (
        <EmptyState title={t('chart.chooseKeys')} />
      ) : (
        <Suspense fallback={<Skeleton className="h-80 w-full" />}>
          <div className="relative" aria-busy={result.isFetching}>
            <TimeChart
              label={t('chart.label', { keys: chosen.join(', '), name: device.name })}
              names={chosen}
              series={result.series}
              fromMs={result.fromMs}
              toMs={result.toMs}
              height={340}
              onZoom={(fromMs, toMs) => show({ kind: 'custom', fromMs, toMs }, [...wider, range])}
            />
            {isEmpty && !result.isPending && (
              <p className="pointer-events-none absolute inset-x-0 top-36 text-center text-ink-3 text-sm">
                {t('chart.empty')}
              </p>
            )}
          </div>
        </Suspense>
      )}
      <p className="mt-2 text-ink-3 text-xs">{t('chart.hint')}</p>
    </Card>
  );
}
