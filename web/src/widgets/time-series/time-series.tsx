import { lazy, Suspense, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import type { Series } from '../../charts/series.ts';
import { boundsOf } from '../../charts/time-range.ts';
import { useSeries } from '../../charts/use-series.ts';
import { Skeleton } from '../../ui/states.tsx';
import { useDashboard, useSourceDevices, type WidgetOf, type WidgetProps } from '../context.ts';
import { useSize } from '../use-size.ts';
import { WidgetState } from '../widget-state.tsx';

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
  const [only] = source.devices;
  return (
    <div ref={ref} className="h-full min-h-0 overflow-hidden">
      <WidgetState source={source}>
        {size.height > 0 &&
          (source.devices.length === 1 && only !== undefined ? (
            <KeysOfDevice device={only} widget={widget} heightPx={size.height} />
          ) : (
            <KeyOfDevices devices={source.devices.slice(0, linesLimit)} widget={widget} heightPx={size.height} />
          ))}
      </WidgetState>
    </div>
  );
}

interface ChartProps {
  readonly widget: WidgetOf<'timeSeries'>;
  readonly heightPx: number;
}

function KeysOfDevice({ device, widget, heightPx }: ChartProps & { readonly device: Device }) {
  const { range } = useDashboard();
  const { keys, aggregate = 'avg' } = widget;
  const result = useSeries({ deviceId: device.id, keys, range, aggregate });
  if (result.isPending) return <Skeleton className="h-full w-full" />;
  return (
    <Chart
      names={keys}
      series={result.series}
      widget={widget}
      heightPx={heightPx}
      fromMs={result.fromMs}
      toMs={result.toMs}
    />
  );
}

interface Line {
  readonly series: Series;
  readonly fromMs: number;
  readonly toMs: number;
}

const noSeries: Series = { times: [], values: [] };

function KeyOfDevices({ devices, widget, heightPx }: ChartProps & { readonly devices: readonly Device[] }) {
  const { range } = useDashboard();
  const [lines, setLines] = useState<Readonly<Record<string, Line>>>({});
  const take = useCallback((id: string, line: Line) => setLines((known) => ({ ...known, [id]: line })), []);
  const known = devices.flatMap(({ id }) => lines[id] ?? []);
  const bounds = boundsOf(range, Date.now());
  const toMs = Math.max(...known.map((line) => line.toMs), known.length === 0 ? bounds.toMs : 0);
  return (
    <>
      {devices.map((device) => (
        <DeviceLine key={device.id} device={device} widget={widget} onLine={take} />
      ))}
      <Chart
        names={devices.map(({ name }) => name)}
        series={devices.map(({ id }) => lines[id]?.series ?? noSeries)}
        widget={widget}
        heightPx={heightPx}
        fromMs={toMs - (bounds.toMs - bounds.fromMs)}
        toMs={toMs}
      />
    </>
  );
}

/** Asks for one line of the chart; draws nothing itself. */
function DeviceLine({
  device,
  widget,
  onLine,
}: {
  readonly device: Device;
  readonly widget: WidgetOf<'timeSeries'>;
  onLine(id: string, line: Line): void;
}) {
  const { range } = useDashboard();
  const { series, fromMs, toMs } = useSeries({
    deviceId: device.id,
    keys: widget.keys.slice(0, 1),
    range,
    aggregate: widget.aggregate ?? 'avg',
  });
  const [line] = series;
  useEffect(() => {
    if (line !== undefined) onLine(device.id, { series: line, fromMs, toMs });
  }, [device.id, line, fromMs, toMs, onLine]);
  return null;
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
  // The legend takes as many lines as it needs, and the chart what is left.
  useLayoutEffect(() => {
    const height = box.current?.querySelector<HTMLElement>('.u-legend')?.offsetHeight;
    if (height !== undefined && height > 0 && Math.abs(height - legend) > 2) setLegend(height);
  });
  return (
    <Suspense fallback={<Skeleton className="h-full w-full" />}>
      <div ref={box}>
        <TimeChart
          label={t('widget.chartLabel', { title: widget.title, names: names.join(', ') })}
          names={names}
          series={series}
          fromMs={fromMs}
          toMs={toMs}
          height={Math.max(leastPx, heightPx - legend - 4)}
          onZoom={(from, to) => setRange({ kind: 'custom', fromMs: from, toMs: to })}
        />
      </div>
    </Suspense>
  );
}
