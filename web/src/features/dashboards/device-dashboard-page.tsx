import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { LayoutGrid, Save } from 'lucide-react';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { gapura } from '../../api.ts';
import { useMay } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { Board } from './board.tsx';
import type { DashboardSearch } from './dashboard-search.ts';
import { DashboardView } from './dashboard-view.tsx';
import { generateLayout } from './generate.ts';
import { NameDialog } from './name-dialog.tsx';

/** The dashboard that every device has, without anybody making it. */
export function DeviceDashboardPage() {
  const { t } = useTranslation('dashboards');
  const mayWrite = useMay('operator');
  const { deviceId } = useParams({ from: '/app/devices/$deviceId/dashboard' });
  const search = useSearch({ from: '/app/devices/$deviceId/dashboard' });
  const navigate = useNavigate();
  const [isKeeping, setKeeping] = useState(false);
  const found = useQuery({
    queryKey: ['dashboards', 'of-device', deviceId],
    queryFn: async ({ signal }) => {
      const [device, latest] = await Promise.all([
        gapura.devices.get(deviceId, signal),
        gapura.telemetry.latest(deviceId, undefined, signal),
      ]);
      return { device, latest };
    },
    // New keys appear after a while; values come live.
    staleTime: 60_000,
  });
  const setSearch = useCallback(
    (next: DashboardSearch) =>
      void navigate({ to: '/devices/$deviceId/dashboard', params: { deviceId }, search: next, replace: true }),
    [navigate, deviceId],
  );
  const layout = useMemo(
    () =>
      found.data === undefined
        ? undefined
        : generateLayout(deviceId, found.data.latest, {
            history: t('generated.history'),
            map: t('generated.map'),
            all: t('generated.all'),
          }),
    [found.data, deviceId, t],
  );
  const parent = { to: `/devices/${deviceId}`, label: found.data?.device.name ?? t('widget.device') };
  if (layout === undefined || found.data === undefined) {
    return (
      <Page wide title={t('one')} parent={parent}>
        {found.isError ? <ErrorState error={found.error} onRetry={() => void found.refetch()} /> : <LoadingRows />}
      </Page>
    );
  }
  const { name } = found.data.device;
  return (
    <DashboardView
      title={name}
      parent={parent}
      lead={t('generated.lead')}
      layout={layout}
      search={search}
      onSearch={setSearch}
      actions={
        mayWrite &&
        layout.widgets.length > 0 && (
          <Button icon={<Save className="size-3.5" aria-hidden="true" />} onClick={() => setKeeping(true)}>
            {t('generated.keep')}
          </Button>
        )
      }
    >
      {layout.widgets.length === 0 ? (
        <EmptyState
          icon={<LayoutGrid />}
          title={t('generated.empty')}
          action={
            <Link to="/devices/$deviceId" params={{ deviceId }} className={buttonClass('plain')}>
              {t('generated.toDevice')}
            </Link>
          }
        >
          {t('generated.emptyText')}
        </EmptyState>
      ) : (
        <Board layout={layout} />
      )}
      {isKeeping && <NameDialog layout={layout} suggestion={name} onClose={() => setKeeping(false)} />}
    </DashboardView>
  );
}
