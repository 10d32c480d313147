import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { cx } from '../../ui/cx.ts';
import { useLatest, useSourceDevices, type WidgetProps } from '../context.ts';
import { WidgetState } from '../widget-state.tsx';

/** A field for each device: is it there? */
export function StatusGridWidget({ widget }: WidgetProps<'statusGrid'>) {
  const { t } = useTranslation('dashboards');
  const source = useSourceDevices(widget.source);
  const live = useLatest(source.devices, undefined, ['activity']);
  const states = source.devices.map((device) => ({
    device,
    isActive: live.devices.get(device.id)?.activity?.active ?? device.active,
  }));
  const active = states.filter(({ isActive }) => isActive).length;
  return (
    <WidgetState source={source}>
      <p className="mb-2 text-ink-2 text-xs tabular-nums">
        {t('widget.online', { active, total: states.length })}
        {source.isCut && '+'}
      </p>
      <ul className="flex flex-wrap gap-1">
        {states.map(({ device: { id, name }, isActive }) => {
          const text = `${name}: ${isActive ? t('widget.isOnline') : t('widget.isOffline')}`;
          return (
            <li key={id}>
              <Link
                to="/devices/$deviceId"
                params={{ deviceId: id }}
                aria-label={text}
                title={text}
                className={cx(
                  'block size-6 rounded border',
                  isActive ? 'border-ok-dot bg-ok-dot' : 'border-line-strong bg-hover',
                )}
              />
            </li>
          );
        })}
      </ul>
    </WidgetState>
  );
}
