import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Device, DeviceConnection } from '#contract/devices.ts';
import type { LiveActivity } from '#sdk/live.ts';
import { gapura } from '../../../api.ts';
import { useFormat } from '../../../i18n/format.ts';
import { useMay } from '../../../session/session.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Card } from '../../../ui/card.tsx';
import { cx } from '../../../ui/cx.ts';
import { LoadMore } from '../../../ui/load-more.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../../ui/states.tsx';
import { Table, Td, Th, Tr } from '../../../ui/table.tsx';
import { TimeAgo } from '../../../ui/time-ago.tsx';

/** Refusals are written in batches of some seconds; nobody is told of one by the socket. */
const refetchMs = 10_000;
const shownProvisionings = 10;

/** When the device came and went, how it was provisioned, and what the gates refused in its name. */
export function EventsTab({
  device,
  activity,
}: {
  readonly device: Device;
  readonly activity: LiveActivity | undefined;
}) {
  const maySeeRefusals = useMay('admin');
  return (
    <div className="flex flex-col gap-4">
      <Comings device={device} activity={activity} />
      {maySeeRefusals && <Refusals deviceId={device.id} />}
    </div>
  );
}

interface Coming {
  readonly id: string;
  readonly at: number;
  readonly kind: 'connected' | 'disconnected' | 'provisioned' | 'created';
  readonly connection?: DeviceConnection;
  readonly address?: string;
}

function Comings({ device, activity }: { readonly device: Device; readonly activity: LiveActivity | undefined }) {
  const { t } = useTranslation('devices');
  const maySeeAudit = useMay('admin');
  const { lastConnectTime, lastDisconnectTime, connection } = activity ?? device;
  const found = useInfiniteQuery({
    // The socket tells that it came or went.
    queryKey: ['devices', 'one', device.id, 'connections', lastConnectTime, lastDisconnectTime],
    queryFn: ({ pageParam, signal }) =>
      gapura.devices.connections(device.id, { limit: 50, ...(pageParam !== null && { cursor: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
  const provisioned = useQuery({
    queryKey: ['devices', 'one', device.id, 'provisioned'],
    queryFn: ({ signal }) =>
      gapura.audit.list({ targetId: device.id, action: 'device.provisioned', limit: shownProvisionings }, signal),
    enabled: maySeeAudit,
  });
  const comings: Coming[] = [
    ...(found.data?.pages.flatMap(({ items }) => items) ?? []),
    ...(provisioned.data?.items ?? []).map(({ id, at, actor }) => ({
      ...{ id, at, kind: 'provisioned' as const, address: actor.address },
    })),
    { id: 'made', at: device.createdAt, kind: 'created' },
  ];
  comings.sort((a, b) => b.at - a.at);
  return (
    <Card flush title={t('events.comings')}>
      {found.isPending ? (
        <LoadingRows rows={3} />
      ) : found.data === undefined ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <Table label={t('events.comings')}>
          <thead>
            <tr>
              <Th>{t('events.what')}</Th>
              <Th>{t('audit.address')}</Th>
              <Th className="text-right">{t('audit.at')}</Th>
            </tr>
          </thead>
          <tbody>
            {comings.map((coming) => (
              <ComingRow key={coming.id} coming={coming} />
            ))}
          </tbody>
        </Table>
      )}
      {provisioned.isError && <ErrorState error={provisioned.error} onRetry={() => void provisioned.refetch()} />}
      <LoadMore of={found} />
      <p className="border-line border-t px-4 py-2 text-ink-3 text-xs">
        {connection?.protocol === 'HTTP' ? t('events.overHttp') : t('events.kept')}
      </p>
    </Card>
  );
}

function ComingRow({ coming: { at, kind, connection, address } }: { readonly coming: Coming }) {
  const { t } = useTranslation('devices');
  const format = useFormat();
  const dot = {
    connected: 'bg-ok-dot',
    disconnected: 'bg-line-strong',
    provisioned: 'bg-ink-3',
    created: 'bg-ink-3',
  };
  return (
    <Tr>
      <Td>
        <span className="flex items-center gap-2.5">
          <span className={cx('size-1.5 shrink-0 rounded-full', dot[kind])} aria-hidden="true" />
          {t(`events.kinds.${kind}`)}
        </span>
      </Td>
      <Td className="text-ink-3 text-xs tabular-nums">
        {connection === undefined
          ? address
          : [connection.protocol, ...(connection.secure ? ['TLS'] : []), connection.address].join(' · ')}
      </Td>
      <Td className="whitespace-nowrap text-right text-ink-3 text-xs tabular-nums">
        <span className="max-sm:hidden">{format.dateTime(at)} · </span>
        <TimeAgo at={at} />
      </Td>
    </Tr>
  );
}

function Refusals({ deviceId }: { readonly deviceId: string }) {
  const { t } = useTranslation('devices');
  const format = useFormat();
  const found = useInfiniteQuery({
    queryKey: ['devices', 'one', deviceId, 'security'],
    queryFn: ({ pageParam, signal }) =>
      gapura.securityEvents.list({ deviceId, limit: 50, ...(pageParam !== null && { cursor: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: refetchMs,
  });
  const events = found.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Card flush title={t('events.refusals')}>
      {found.isPending ? (
        <LoadingRows rows={3} />
      ) : found.data === undefined ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : events.length === 0 ? (
        <EmptyState icon={<ShieldCheck />} title={t('events.empty')}>
          {t('events.emptyText')}
        </EmptyState>
      ) : (
        <Table label={t('events.refusals')}>
          <thead>
            <tr>
              <Th>{t('events.reason')}</Th>
              <Th className="max-sm:hidden">{t('connection.transport')}</Th>
              <Th className="max-sm:hidden">{t('audit.address')}</Th>
              <Th className="text-right">{t('events.count')}</Th>
              <Th className="text-right">{t('audit.at')}</Th>
            </tr>
          </thead>
          <tbody>
            {events.map(({ id, kind, reason, transport, address, count, lastAt }) => (
              <Tr key={id}>
                <Td>
                  <span className="flex flex-wrap items-center gap-2">
                    <Badge tone="danger">{reason}</Badge>
                    <code className="font-mono text-ink-3 text-xs">{kind}</code>
                  </span>
                </Td>
                <Td className="text-ink-2 text-xs max-sm:hidden">{transport.toUpperCase()}</Td>
                <Td className="text-ink-3 text-xs tabular-nums max-sm:hidden">{address}</Td>
                <Td className="text-right tabular-nums">{format.number(count)}</Td>
                <Td className="text-right text-ink-3 text-xs">
                  <TimeAgo at={lastAt} />
                </Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      )}
      <LoadMore of={found} />
    </Card>
  );
}
