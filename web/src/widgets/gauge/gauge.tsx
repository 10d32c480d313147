import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format.ts';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { useLatest, useSourceDevices, type WidgetProps } from '../context.ts';
import { readingOf, toneOf } from '../numbers.ts';
import { WidgetState } from '../widget-state.tsx';

const strokes = { ok: 'stroke-ok-dot', warn: 'stroke-warn-dot', danger: 'stroke-danger' } as const;
/** The arc goes from half past seven to half past four: three quarters of a circle. */
const radius = 40;
const arc = describeArc(1);

/** Where a value stands between two ends. */
export function GaugeWidget({ widget }: WidgetProps<'gauge'>) {
  const { t } = useTranslation('dashboards');
  const format = useFormat();
  const source = useSourceDevices(widget.source);
  const live = useLatest(source.devices, [widget.key]);
  const reading = readingOf(live.devices.values(), widget.key);
  const { min, max, unit = '' } = widget;
  const share = reading.number === null ? 0 : Math.min(1, Math.max(0, (reading.number - min) / (max - min)));
  const tone = toneOf(reading.number, widget.thresholds);
  const shown = reading.number === null ? '–' : format.number(reading.number, widget.decimals ?? 1);
  const label = t('widget.gaugeLabel', { value: `${shown} ${unit}`.trim(), min, max });
  return (
    <WidgetState source={source}>
      <div className="flex h-full flex-col items-center justify-center">
        <svg viewBox="0 0 100 88" role="img" aria-label={label} className="min-h-0 w-full flex-1">
          <path d={arc} className="fill-none stroke-hover" strokeWidth="9" strokeLinecap="round" />
          {reading.number !== null && share > 0 && (
            <path
              d={describeArc(share)}
              className={`fill-none ${tone === undefined ? 'stroke-accent' : strokes[tone]}`}
              strokeWidth="9"
              strokeLinecap="round"
            />
          )}
          <text x="50" y="53" textAnchor="middle" className="fill-ink font-semibold tabular-nums" fontSize="18">
            {shown}
          </text>
          <text x="50" y="65" textAnchor="middle" className="fill-ink-3" fontSize="8">
            {unit}
          </text>
          <text x="20" y="87" textAnchor="middle" className="fill-ink-3 tabular-nums" fontSize="7">
            {format.number(min)}
          </text>
          <text x="80" y="87" textAnchor="middle" className="fill-ink-3 tabular-nums" fontSize="7">
            {format.number(max)}
          </text>
        </svg>
        <div className="text-ink-3 text-xs">
          <TimeAgo at={reading.ts} empty={t('widget.noValue')} />
        </div>
      </div>
    </WidgetState>
  );
}

/** @param share of the whole arc, 0 to 1 */
function describeArc(share: number): string {
  const at = (part: number): string => {
    const angle = ((135 + 270 * part) * Math.PI) / 180;
    return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(46 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  return `M${at(0)}A${radius} ${radius} 0 ${share * 270 > 180 ? 1 : 0} 1 ${at(share)}`;
}
