import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Overview } from '#contract/overview.ts';
import { gapura } from '../../api.ts';
import { useFormat } from '../../i18n/format.ts';
import { useMay, useSession } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { ErrorState, LoadingRows } from '../../ui/states.tsx';
import { NewestDevices } from './newest-devices.tsx';
import { Rejections } from './rejections.tsx';
import { StatCard } from './stat-card.tsx';

/** As often as the server takes a sample. */
const refetchMs = 5000;

export function OverviewPage() {
  const { t } = useTranslation('overview');
  const { user } = useSession();
  const mayAdd = useMay('operator');
  const overview = useQuery({
    queryKey: ['overview'],
    queryFn: ({ signal }) => gapura.overview.get(signal),
    refetchInterval: refetchMs,
    placeholderData: keepPreviousData,
  });
  const name = user?.name ?? '';
  return (
    <Page
      title={t('title')}
      lead={name === '' ? t('lead') : t('leadNamed', { name })}
      actions={
        mayAdd && (
          <Link to="/devices/add" className={buttonClass('primary')}>
            <Plus className="size-4" aria-hidden="true" />
            {t('addDevice')}
          </Link>
        )
      }
    >
      {overview.data !== undefined ? (
        <Content overview={overview.data} isStale={overview.isRefetchError} />
      ) : overview.isError ? (
        <ErrorState error={overview.error} onRetry={() => void overview.refetch()} />
      ) : (
        <LoadingRows />
      )}
    </Page>
  );
}

function Content({ overview, isStale }: { readonly overview: Overview; readonly isStale: boolean }) {
  const { t } = useTranslation('overview');
  const format = useFormat();
  const { devices, traffic, storage, rejections } = overview;
  const last = traffic.samples.at(-1);
  const growth =
    storage.bytesPerDay === null
      ? t('growthLater')
      : t('growth', { size: format.bytes(Math.round(storage.bytesPerDay)) });
  const window = format.duration(Math.max(traffic.sampleMs, traffic.samples.length * traffic.sampleMs));
  return (
    <div className={isStale ? 'opacity-60' : undefined}>
      {isStale && (
        <p role="status" className="mb-3 text-sm text-warn">
          {t('stale', { time: format.time(overview.at) })}
        </p>
      )}
      <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        <StatCard
          label={t('online')}
          value={format.number(devices.active)}
          of={t('ofTotal', { total: format.number(devices.total) })}
          share={devices.total === 0 ? undefined : devices.active / devices.total}
        />
        <StatCard
          label={t('messages')}
          value={format.number(last?.messages ?? 0, 1)}
          unit={t('perSecond')}
          note={t('inTotal', { total: format.compact(traffic.messages) })}
          history={traffic.samples.map(({ messages }) => messages)}
        />
        <StatCard
          label={t('points')}
          value={format.number(last?.points ?? 0, 1)}
          unit={t('perSecond')}
          note={t('lastWindow', { window })}
          history={traffic.samples.map(({ points }) => points)}
        />
        <StatCard
          label={t('storage')}
          value={format.bytes(storage.bytes)}
          note={`${growth} · ${t('free', { size: format.bytes(storage.freeBytes) })}`}
        />
      </div>
      <div className="mt-3 grid gap-3 lg:grid-cols-[3fr_2fr]">
        <NewestDevices />
        <Rejections rejections={rejections} samples={traffic.samples} />
      </div>
    </div>
  );
}
