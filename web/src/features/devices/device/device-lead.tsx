import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import type { LiveActivity } from '#sdk/live.ts';
import { useIsStale } from '../../../live/connection.ts';
import { Badge } from '../../../ui/badge.tsx';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { TimeAgo } from '../../../ui/time-ago.tsx';

/** State, how and from where it is connected, profile, and when it was last heard of, under the device's name. */
export function DeviceLead({
  device,
  activity,
}: {
  readonly device: Device;
  readonly activity: LiveActivity | undefined;
}) {
  const { t } = useTranslation('devices');
  const isStale = useIsStale();
  const { connection } = activity ?? device;
  const isActive = activity?.active ?? device.active;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
      {!device.enabled ? (
        <Badge tone="danger">{t('disabled')}</Badge>
      ) : isStale ? (
        <Badge tone="warn">{t('unknownState')}</Badge>
      ) : (
        <Badge tone={isActive ? 'ok' : 'neutral'}>
          <span className={`size-1.5 rounded-full ${isActive ? 'bg-ok-dot' : 'bg-ink-3'}`} aria-hidden="true" />
          {isActive ? t('online') : t('offline')}
        </Badge>
      )}
      {device.isGateway && <Badge>{t('gateway')}</Badge>}
      {connection !== null && (
        <span className="flex items-center gap-1.5">
          {connection.protocol}
          <Badge tone={connection.secure ? 'ok' : 'warn'}>{connection.secure ? 'TLS' : t('connection.noTls')}</Badge>
          <span className="font-mono text-xs" title={t('connection.address')}>
            {connection.address}
          </span>
        </span>
      )}
      <Link
        to="/profiles/$profileId"
        params={{ profileId: device.profileId }}
        title={device.profileName}
        className="max-w-full truncate text-accent hover:underline"
      >
        {device.profileName}
      </Link>
      {device.label !== '' && (
        <span className="max-w-full truncate" title={device.label}>
          {device.label}
        </span>
      )}
      <span className="text-ink-3">
        {t('lastSeen')} <TimeAgo at={activity?.lastActivityTime ?? device.lastActivityTime} />
      </span>
      <span className="flex items-center font-mono text-ink-3 text-xs">
        {device.id.slice(0, 8)}…
        <CopyButton value={device.id} label={t('copyId')} />
      </span>
    </div>
  );
}
