import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Cpu } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLive } from '../../live/use-live.ts';
import { useMay } from '../../session/session.ts';
import { StateDot } from '../../ui/badge.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { seenKeysQuery } from './profile-queries.ts';

const shownCount = 10;

/** The devices of the profile that were heard of last. */
export function ProfileDevices({ profileId }: { readonly profileId: string }) {
  const { t } = useTranslation('profiles');
  const mayAdd = useMay('operator');
  const seen = useQuery(seenKeysQuery(profileId));
  const devices = seen.data?.devices.slice(0, shownCount) ?? [];
  const live = useLive({ deviceIds: devices.map(({ id }) => id), topics: ['activity'] });
  return (
    <Card
      flush
      title={t('recent')}
      actions={
        <Link to="/devices" search={{ profile: profileId }} className={buttonClass('quiet', 'sm')}>
          {t('allDevices')}
        </Link>
      }
    >
      {seen.data === undefined ? (
        seen.isError ? (
          <ErrorState error={seen.error} onRetry={() => void seen.refetch()} />
        ) : (
          <LoadingRows rows={3} />
        )
      ) : devices.length === 0 ? (
        <EmptyState
          icon={<Cpu />}
          title={t('noDevices.title')}
          action={
            mayAdd && (
              <Link to="/devices/add" className={buttonClass('primary')}>
                {t('noDevices.action')}
              </Link>
            )
          }
        >
          {t('noDevices.text')}
        </EmptyState>
      ) : (
        <ul>
          {devices.map(({ id, name, active, lastActivityTime }) => {
            const now = live.devices.get(id)?.activity;
            const isActive = now?.active ?? active;
            return (
              <li key={id} className="border-line border-b last:border-b-0">
                <Link
                  to="/devices/$deviceId"
                  params={{ deviceId: id }}
                  className="flex h-10 items-center gap-3 px-4 outline-offset-[-2px] hover:bg-sunken"
                >
                  <StateDot state={isActive ? 'on' : 'off'} label={isActive ? t('isOnline') : t('isOffline')} />
                  <span className="min-w-0 flex-1 truncate text-ink">{name}</span>
                  <span className="text-ink-2 text-xs">
                    <TimeAgo at={now?.lastActivityTime ?? lastActivityTime} />
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
