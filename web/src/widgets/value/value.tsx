import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format.ts';
import { cx } from '../../ui/cx.ts';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { useLatest, useSourceDevices, type WidgetProps } from '../context.ts';
import { readingOf, toneOf } from '../numbers.ts';
import { WidgetState } from '../widget-state.tsx';

const colours = { ok: 'text-ok', warn: 'text-warn', danger: 'text-danger' } as const;

/** One value, large; the mean when there are several devices. */
export function ValueWidget({ widget }: WidgetProps<'value'>) {
  const { t } = useTranslation('dashboards');
  const format = useFormat();
  const source = useSourceDevices(widget.source);
  const live = useLatest(source.devices, [widget.key]);
  const reading = readingOf(live.devices.values(), widget.key);
  const tone = toneOf(reading.number, widget.thresholds);
  const shown = reading.number === null ? (reading.text ?? '–') : format.number(reading.number, widget.decimals ?? 2);
  return (
    <WidgetState source={source}>
      <div className="flex h-full flex-col justify-center">
        <div className="flex min-w-0 flex-wrap items-baseline gap-x-1.5">
          <span
            key={reading.ts}
            className={cx(
              'flash min-w-0 truncate rounded font-semibold text-2xl tabular-nums tracking-tight',
              tone === undefined ? 'text-ink' : colours[tone],
            )}
          >
            {shown}
          </span>
          {widget.unit !== undefined && <span className="text-ink-3 text-sm">{widget.unit}</span>}
        </div>
        <div className="truncate text-ink-3 text-xs">
          {source.devices.length > 1 && `${t('widget.mean', { count: reading.count })} · `}
          <TimeAgo at={reading.ts} empty={t('widget.noValue')} />
        </div>
      </div>
    </WidgetState>
  );
}
