/** Lines over time, drawn by uPlot. Loaded when a page shows a chart. */
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useTranslation } from 'react-i18next';
import { createFormat, ianaOf, useTimeZone } from '../i18n/format.ts';
import { useShownTheme } from '../theme.ts';
import { forgetDrawing, queueDrawing } from './draw-queue.ts';
import { alignSeries, type Series } from './series.ts';

export interface TimeChartProps {
  /** What it shows, for screen readers. */
  readonly label: string;
  readonly names: readonly string[];
  readonly series: readonly Series[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly height?: number;
  /** Which of the eight colours comes first. */
  readonly firstColour?: number;
  /** A part was drawn over. */
  onZoom?(fromMs: number, toMs: number): void;
}

const colourCount = 8;
export const colourOf = (index: number): string => `var(--chart-${(index % colourCount) + 1})`;

export function TimeChart({
  label,
  names,
  series,
  fromMs,
  toMs,
  height = 280,
  firstColour = 0,
  onZoom,
}: TimeChartProps) {
  const { t, i18n } = useTranslation();
  const zone = useTimeZone();
  const theme = useShownTheme();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const zoom = useRef(onZoom);
  const bounds = useRef({ fromMs, toMs });
  const drawn = useRef({ isInView: false, isDue: false, draw: () => {} });
  useEffect(() => {
    zoom.current = onZoom;
  });
  const namesText = names.join('\n');

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme stands behind the colours that are read
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    // A theme is a set of colours, read when it is drawn with.
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const format = createFormat(i18n.language, zone);
    const tickText = createTickFormat(i18n.language, ianaOf(zone));
    const axis = {
      stroke: colour('--ink-3'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line'), width: 1, size: 4 },
      font: '11px ui-sans-serif, system-ui, sans-serif',
    };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), ianaOf(zone)),
        scales: { x: { time: true, range: () => [bounds.current.fromMs / 1000, bounds.current.toMs / 1000] } },
        cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
        legend: { live: true },
        axes: [
          {
            ...axis,
            size: 28,
            space: 70,
            values: (_plot, ticks, _axis, _space, stepS) => ticks.map((tick) => tickText(tick * 1000, stepS)),
          },
          { ...axis, size: 46, values: (_plot, ticks) => ticks.map((tick) => format.number(tick, 3)) },
        ],
        series: [
          { label: t('time'), value: (_plot, seconds) => (seconds === null ? '–' : format.dateTime(seconds * 1000)) },
          ...namesText.split('\n').map((name, i) => ({
            label: name,
            stroke: colour(`--chart-${((firstColour + i) % colourCount) + 1}`),
            width: 1.5,
            points: { show: false },
            value: (_plot: uPlot, value: number | null) => (value === null ? '–' : format.number(value, 3)),
          })),
        ],
        hooks: {
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width < 5) return;
              zoom.current?.(self.posToVal(left, 'x') * 1000, self.posToVal(left + width, 'x') * 1000);
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [[]],
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    // What is scrolled out of view costs nothing until it comes near again.
    const view = new IntersectionObserver(
      ([entry]) => {
        drawn.current.isInView = entry?.isIntersecting ?? true;
        if (drawn.current.isInView && drawn.current.isDue) queueDrawing(drawn.current.draw);
      },
      { rootMargin: '200px' },
    );
    view.observe(element);
    return () => {
      view.disconnect();
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [namesText, theme, t, i18n.language, zone, height, firstColour]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart made anew has to be filled anew
  useEffect(() => {
    bounds.current = { fromMs, toMs };
    const draw = (): void => {
      drawn.current.isDue = false;
      plot.current?.setData(alignSeries(series) as uPlot.AlignedData);
    };
    drawn.current.draw = draw;
    drawn.current.isDue = true;
    if (drawn.current.isInView) queueDrawing(draw);
    return () => forgetDrawing(draw);
  }, [series, fromMs, toMs, namesText, theme, t, i18n.language, zone, height, firstColour]);

  return <div ref={box} role="img" aria-label={label} className="time-chart min-w-0" />;
}

/** Times on the axis: as exact as the distance between two of them. @returns a function of ms and that distance in s */
function createTickFormat(language: string, timeZone: string): (ms: number, stepS: number) => string {
  const locale = language === 'id' ? 'id-ID' : 'en-GB';
  const exact = new Intl.DateTimeFormat(locale, { timeStyle: 'medium', timeZone });
  const minutes = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZone });
  const days = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone });
  return (ms, stepS) => (stepS < 60 ? exact : stepS < 86_400 ? minutes : days).format(ms);
}
