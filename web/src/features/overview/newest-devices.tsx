import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Cpu } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { gapura } from '../../api.ts';
import { useIsStale } from '../../live/connection.ts';
import { useLive } from '../../live/use-live.ts';
import { useMay } from '../../session/session.ts';
import { StateDot } from '../../ui/badge.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';

const shownCount = 8;

/** The devices that came last, with whether they are there now. */
export function NewestDevices() {
  const { t } = useTranslation('overview');
  const { t: devicesText } = useTranslation('devices');
  const isStale = useIsStale();
  const mayAdd = useMay('operator');
  const newest = useQuery({
    queryKey: ['devices', 'newest'],
    queryFn: ({ signal }) => gapura.devices.list({ sort: 'createdAt', order: 'desc', limit: shownCount }, signal),
    refetchInterval: 10_000,
  });
  const devices = newest.data?.items ?? [];
  const live = useLive({ deviceIds: devices.map(({ id }) => id), topics: ['activity'] });
  return (
    <Card
      flush
      title={t('newest')}
      actions={
        <Link to="/devices" className={buttonClass('quiet', 'sm')}>
          {t('allDevices')}
        </Link>
      }
    >
      {newest.isPending ? (
        <LoadingRows rows={4} />
      ) : newest.isError && newest.data === undefined ? (
        <ErrorState error={newest.error} onRetry={() => void newest.refetch()} />
      ) : devices.length === 0 ? (
        <EmptyState
          icon={<Cpu />}
          title={t('empty.title')}
          action={
            mayAdd && (
              <Link to="/devices/add" className={buttonClass('primary')}>
                {t('addDevice')}
              </Link>
            )
          }
        >
          {t('empty.text')}
        </EmptyState>
      ) : (
        <ul>
          {devices.map(({ id, name, profileName, createdAt, active, lastActivityTime }) => {
            const now = live.devices.get(id)?.activity;
            const isActive = now?.active ?? active;
            return (
              <li key={id} className="border-line border-b last:border-b-0">
                <Link
                  to="/devices/$deviceId"
                  params={{ deviceId: id }}
                  className="flex h-10 items-center gap-3 px-4 outline-offset-[-2px] hover:bg-sunken"
                >
                  <StateDot
                    state={isStale ? 'unknown' : isActive ? 'on' : 'off'}
                    label={isStale ? devicesText('unknownState') : isActive ? t('isOnline') : t('isOffline')}
                  />
                  <span className="min-w-0 flex-1 truncate font-medium text-ink">{name}</span>
                  <span className="hidden truncate text-ink-3 text-xs sm:block">{profileName}</span>
                  <span className="w-28 text-right text-ink-2 text-xs">
                    <TimeAgo at={now?.lastActivityTime ?? lastActivityTime ?? createdAt} />
                  </span>
                </Link>
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
