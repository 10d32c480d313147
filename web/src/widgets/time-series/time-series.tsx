import { lazy, Suspense, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import type { Series } from '../../charts/series.ts';
import { useSeries } from '../../charts/use-series.ts';
import { useErrorText } from '../../ui/error-text.ts';
import { Skeleton } from '../../ui/states.tsx';
import { useDashboard, useSourceDevices, type WidgetOf, type WidgetProps } from '../context.ts';
import { useSize } from '../use-size.ts';
import { Hint, WidgetState } from '../widget-state.tsx';

const TimeChart = lazy(() => import('../../charts/time-chart.tsx').then((module) => ({ default: module.TimeChart })));

/** As many lines as there are colours. */
const linesLimit = 8;
/** The legend under the chart, until it is measured. */
const legendPx = 30;
const leastPx = 80;

/** Keys of one device, or one key of several, over the time of the dashboard. */
export function TimeSeriesWidget({ widget }: WidgetProps<'timeSeries'>) {
  const source = useSourceDevices(widget.source);
  const { ref, size } = useSize<HTMLDivElement>();
  return (
    <div ref={ref} className="h-full min-h-0 overflow-hidden">
      <WidgetState source={source}>
        {size.height > 0 && <Lines devices={source.devices} widget={widget} heightPx={size.height} />}
      </WidgetState>
    </div>
  );
}

interface ChartProps {
  readonly widget: WidgetOf<'timeSeries'>;
  readonly heightPx: number;
}

function Lines({ devices, widget, heightPx }: ChartProps & { readonly devices: readonly Device[] }) {
  const { t } = useTranslation('dashboards');
  const textOf = useErrorText();
  const { range } = useDashboard();
  const [only] = devices;
  const isOne = devices.length === 1 && only !== undefined;
  const shown = isOne ? [only] : devices.slice(0, linesLimit);
  const keys = isOne ? widget.keys : widget.keys.slice(0, 1);
  const result = useSeries({
    deviceIds: shown.map(({ id }) => id),
    keys,
    range,
    aggregate: widget.aggregate ?? 'avg',
  });
  if (result.isPending) return <Skeleton className="h-full w-full" />;
  if (result.isFailed) {
    return (
      <Hint>
        {textOf(result.error)}{' '}
        <button type="button" className="underline" onClick={result.refetch}>
          {t('widget.retry')}
        </button>
      </Hint>
    );
  }
  return (
    <Chart
      names={isOne ? keys : shown.map(({ name }) => name)}
      series={result.series}
      widget={widget}
      heightPx={heightPx}
      fromMs={result.fromMs}
      toMs={result.toMs}
    />
  );
}

function Chart({
  names,
  series,
  widget,
  heightPx,
  fromMs,
  toMs,
}: ChartProps & {
  readonly names: readonly string[];
  readonly series: readonly Series[];
  readonly fromMs: number;
  readonly toMs: number;
}) {
  const { t } = useTranslation('dashboards');
  const { setRange } = useDashboard();
  const box = useRef<HTMLDivElement>(null);
  const [legend, setLegend] = useState(legendPx);
  // The legend takes as many lines as it needs, and the chart what is left. It comes with the chart, which is loaded.
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      const height = element.querySelector<HTMLElement>('.u-legend')?.offsetHeight ?? 0;
      if (height > 0) setLegend(height);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={box}>
      <Suspense fallback={<Skeleton className="h-full w-full" />}>
        <TimeChart
          label={t('widget.chartLabel', { title: widget.title, names: names.join(', ') })}
          names={names}
          series={series}
          fromMs={fromMs}
          toMs={toMs}
          height={Math.max(leastPx, heightPx - legend - 4)}
          onZoom={(from, to) => setRange({ kind: 'custom', fromMs: from, toMs: to })}
        />
      </Suspense>
    </div>
  );
}
