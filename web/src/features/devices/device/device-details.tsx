import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import type { LiveActivity } from '#sdk/live.ts';
import { useFormat } from '../../../i18n/format.ts';
import { Card } from '../../../ui/card.tsx';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { TimeAgo } from '../../../ui/time-ago.tsx';

export function DeviceDetails({
  device,
  activity,
}: {
  readonly device: Device;
  readonly activity: LiveActivity | undefined;
}) {
  const { t } = useTranslation('devices');
  const format = useFormat();
  const known = activity ?? device;
  return (
    <Card title={t('details.title')}>
      <dl className="flex flex-col gap-2.5">
        <Detail term={t('column.profile')}>{device.profileName}</Detail>
        {device.label !== '' && <Detail term={t('column.label')}>{device.label}</Detail>}
        {known.connection !== null && (
          <>
            <Detail term={t('connection.transport')}>
              {known.connection.protocol} · {known.connection.secure ? 'TLS' : t('connection.noTls')}
            </Detail>
            <Detail term={t('connection.address')}>
              <code className="font-mono text-xs">{known.connection.address}</code>
            </Detail>
          </>
        )}
        <Detail term={t('details.lastConnect')}>
          <TimeAgo at={known.lastConnectTime} />
        </Detail>
        <Detail term={t('lastSeen')}>
          <TimeAgo at={known.lastActivityTime} />
        </Detail>
        <Detail term={t('details.lastDisconnect')}>
          <TimeAgo at={known.lastDisconnectTime} />
        </Detail>
        <Detail term={t('details.created')}>{format.dateTime(device.createdAt)}</Detail>
        <Detail term={t('details.id')}>
          <span className="flex items-center justify-end gap-1">
            <code className="truncate font-mono text-xs" title={device.id}>
              {device.id}
            </code>
            <CopyButton value={device.id} label={t('copyId')} />
          </span>
        </Detail>
      </dl>
      {device.description !== '' && (
        <p className="mt-4 whitespace-pre-wrap border-line border-t pt-3 text-ink-2 text-sm">{device.description}</p>
      )}
    </Card>
  );
}

function Detail({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  return (
    <div className="flex min-w-0 items-baseline justify-between gap-4">
      <dt className="shrink-0 text-ink-3">{term}</dt>
      <dd className="min-w-0 truncate text-right text-ink">{children}</dd>
    </div>
  );
}
