import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import type { LiveDevice } from '#sdk/live.ts';
import { Badge, StateDot } from '../../../ui/badge.tsx';
import { cx } from '../../../ui/cx.ts';
import { TimeAgo } from '../../../ui/time-ago.tsx';
import { LiveValue } from '../live-value.tsx';

export interface DeviceRowProps {
  readonly device: Device;
  /** What is known since; the same object while nothing changed, so the row is not drawn again. */
  readonly live: LiveDevice | undefined;
  readonly keys: readonly string[];
  readonly index: number;
  readonly isSelected: boolean;
  readonly onSelect: ((id: string, isSelected: boolean) => void) | undefined;
}

export const DeviceRow = memo(function DeviceRow(props: DeviceRowProps) {
  const { device, live, keys, index, isSelected, onSelect } = props;
  const { t } = useTranslation('devices');
  const isActive = live?.activity?.active ?? device.active;
  const state = !device.enabled ? 'bad' : isActive ? 'on' : 'off';
  const cell = cx('h-10 border-line border-b px-3', isSelected ? 'bg-accent-soft' : 'group-hover/row:bg-sunken');
  return (
    <tr aria-rowindex={index + 2} className="group/row">
      {onSelect !== undefined && (
        <td className={cx(cell, 'w-10 pr-0 pl-4')}>
          <input
            type="checkbox"
            aria-label={t('select', { name: device.name })}
            checked={isSelected}
            onChange={(event) => onSelect(device.id, event.target.checked)}
            className="block size-3.5 accent-accent"
          />
        </td>
      )}
      {/* Names, labels and profiles share what numbers and times leave. */}
      <td className={cx(cell, 'w-full min-w-32 max-w-0 md:w-2/5')}>
        <div className="flex min-w-0 items-center gap-2.5">
          <StateDot state={state} label={device.enabled ? (isActive ? t('online') : t('offline')) : t('disabled')} />
          <Link
            to="/devices/$deviceId"
            params={{ deviceId: device.id }}
            className="truncate rounded font-medium text-ink hover:underline"
          >
            {device.name}
          </Link>
          {(!device.enabled || device.isGateway) && (
            <span className="flex shrink-0 gap-1.5 max-sm:hidden">
              {!device.enabled && <Badge tone="danger">{t('disabled')}</Badge>}
              {device.isGateway && <Badge>{t('gateway')}</Badge>}
            </span>
          )}
        </div>
      </td>
      {keys.map((key) => {
        const point = live?.telemetry?.[key];
        return (
          <td key={key} className={cx(cell, 'max-w-40 truncate text-right text-ink')}>
            {point === undefined ? (
              <span className="text-ink-3">–</span>
            ) : (
              <LiveValue value={point.value} ts={point.ts} className="-mx-1 px-1" />
            )}
          </td>
        );
      })}
      <td className={cx(cell, 'hidden w-1/4 max-w-0 truncate text-ink-2 md:table-cell')} title={device.label}>
        {device.label}
      </td>
      <td className={cx(cell, 'hidden w-1/5 max-w-0 truncate text-ink-2 md:table-cell')} title={device.profileName}>
        {device.profileName}
      </td>
      <td className={cx(cell, 'whitespace-nowrap pr-4 text-right text-ink-2 text-xs')}>
        <TimeAgo at={live?.activity?.lastActivityTime ?? device.lastActivityTime} />
      </td>
    </tr>
  );
});
