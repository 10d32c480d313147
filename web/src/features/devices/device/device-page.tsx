import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { LayoutGrid } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { GapuraError } from '#sdk/error.ts';
import { useLive } from '../../../live/use-live.ts';
import type { DeviceTab } from '../../../routes/devices.tsx';
import { useMay } from '../../../session/session.ts';
import { NotFound } from '../../../shell/not-found.tsx';
import { Page } from '../../../shell/page.tsx';
import { PageLoading } from '../../../shell/page-loading.tsx';
import { buttonClass } from '../../../ui/button.tsx';
import { ErrorState } from '../../../ui/states.tsx';
import { type Tab, Tabs } from '../../../ui/tabs.tsx';
import { lastPlace } from '../list/place.ts';
import { deviceQuery } from '../queries.ts';
import { AttributesTab } from './attributes-tab.tsx';
import { AuditTab } from './audit-tab.tsx';
import { ChartTab } from './chart-tab.tsx';
import { CredentialsTab } from './credentials-tab.tsx';
import { DeviceActions } from './device-actions.tsx';
import { DeviceLead } from './device-lead.tsx';
import { EventsTab } from './events-tab.tsx';
import { LatestTab } from './latest-tab.tsx';

export function DevicePage() {
  const { t } = useTranslation('devices');
  const { t: dashboards } = useTranslation('dashboards');
  const { deviceId } = useParams({ from: '/app/devices/$deviceId' });
  const { tab = 'overview' } = useSearch({ from: '/app/devices/$deviceId' });
  const navigate = useNavigate({ from: '/devices/$deviceId' });
  const maySeeCredentials = useMay('operator');
  const maySeeAudit = useMay('admin');
  const found = useQuery(deviceQuery(deviceId));
  const live = useLive({ deviceIds: [deviceId] });

  if (found.error instanceof GapuraError && found.error.status === 404) return <NotFound />;
  if (found.data === undefined) {
    return found.isError ? <ErrorState error={found.error} onRetry={() => void found.refetch()} /> : <PageLoading />;
  }
  const device = found.data;
  const known = live.devices.get(deviceId);
  const tabs: Tab<DeviceTab>[] = [
    {
      value: 'overview',
      label: t('tab.overview'),
      content: () => <LatestTab device={device} live={known} isReady={live.isReady} />,
    },
    { value: 'chart', label: t('tab.chart'), content: () => <ChartTab device={device} /> },
    {
      value: 'attributes',
      label: t('tab.attributes'),
      content: () => <AttributesTab deviceId={deviceId} live={known?.attributes} />,
    },
  ];
  if (maySeeCredentials)
    tabs.push({ value: 'credentials', label: t('tab.credentials'), content: () => <CredentialsTab device={device} /> });
  tabs.push({
    value: 'events',
    label: t('tab.events'),
    content: () => <EventsTab device={device} activity={known?.activity} />,
  });
  if (maySeeAudit)
    tabs.push({ value: 'audit', label: t('tab.audit'), content: () => <AuditTab deviceId={deviceId} /> });
  return (
    <Page
      title={device.name}
      parent={{ to: '/devices', search: lastPlace(), label: t('title') }}
      lead={<DeviceLead device={device} activity={known?.activity} />}
      actions={
        <>
          <Link to="/devices/$deviceId/dashboard" params={{ deviceId }} className={buttonClass('plain')}>
            <LayoutGrid className="size-3.5" aria-hidden="true" />
            {dashboards('one')}
          </Link>
          {maySeeCredentials && <DeviceActions device={device} />}
        </>
      }
    >
      <Tabs
        label={device.name}
        tabs={tabs}
        value={tabs.some(({ value }) => value === tab) ? tab : 'overview'}
        onChange={(next) => void navigate({ search: next === 'overview' ? {} : { tab: next }, replace: true })}
      />
    </Page>
  );
}
