import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { toNumber } from '../../charts/series.ts';
import { useFormat } from '../../i18n/format.ts';
import { useLatest, useSourceDevices, type WidgetProps } from '../context.ts';
import { Hint, WidgetState } from '../widget-state.tsx';

const shownCount = 30;

/** One key over devices, greatest first. */
export function BarWidget({ widget }: WidgetProps<'bar'>) {
  const { t } = useTranslation('dashboards');
  const format = useFormat();
  const source = useSourceDevices(widget.source);
  const live = useLatest(source.devices, [widget.key]);
  const bars = source.devices
    .flatMap(({ id, name }) => {
      const value = toNumber(live.devices.get(id)?.telemetry?.[widget.key]?.value);
      return value === null ? [] : [{ id, name, value }];
    })
    .sort((a, b) => b.value - a.value)
    .slice(0, shownCount);
  // From zero, so that lengths can be compared; negative values have no length.
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  return (
    <WidgetState source={source}>
      {bars.length === 0 ? (
        <Hint>{t('widget.noValue')}</Hint>
      ) : (
        <ul className="flex flex-col gap-1.5">
          {bars.map(({ id, name, value }) => (
            <li key={id}>
              <div className="flex items-baseline gap-2 text-xs">
                <Link
                  to="/devices/$deviceId"
                  params={{ deviceId: id }}
                  className="min-w-0 flex-1 truncate rounded text-ink-2 hover:underline"
                >
                  {name}
                </Link>
                <span className="tabular-nums">
                  {format.number(value, widget.decimals ?? 2)} {widget.unit}
                </span>
              </div>
              <div className="mt-0.5 h-1.5 rounded-full bg-hover" aria-hidden="true">
                <div
                  className="h-1.5 rounded-full bg-chart-1 transition-[width]"
                  style={{ width: `${Math.max(0, (value / most) * 100)}%` }}
                />
              </div>
            </li>
          ))}
        </ul>
      )}
    </WidgetState>
  );
}
