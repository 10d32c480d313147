import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { LayoutGrid, Pencil } from 'lucide-react';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { Dashboard } from '#contract/dashboards.ts';
import { useMay } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { Button } from '../../ui/button.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { Board } from './board.tsx';
import { DashboardEditor } from './dashboard-editor.tsx';
import { DashboardMenu } from './dashboard-menu.tsx';
import { dashboardQuery } from './dashboard-queries.ts';
import type { DashboardSearch } from './dashboard-search.ts';
import { DashboardView } from './dashboard-view.tsx';

export function DashboardPage() {
  const { t } = useTranslation('dashboards');
  const { dashboardId } = useParams({ from: '/app/dashboards/$dashboardId' });
  const found = useQuery(dashboardQuery(dashboardId));
  if (found.data !== undefined) return <Content key={dashboardId} dashboard={found.data} />;
  return (
    <Page wide title={t('one')} parent={{ to: '/dashboards', label: t('title') }}>
      {found.isError ? <ErrorState error={found.error} onRetry={() => void found.refetch()} /> : <LoadingRows />}
    </Page>
  );
}

function Content({ dashboard }: { readonly dashboard: Dashboard }) {
  const { t } = useTranslation('dashboards');
  const common = useTranslation().t;
  const mayWrite = useMay('operator');
  const navigate = useNavigate();
  const search = useSearch({ from: '/app/dashboards/$dashboardId' });
  const { id } = dashboard;
  const setSearch = useCallback(
    (next: DashboardSearch) =>
      void navigate({ to: '/dashboards/$dashboardId', params: { dashboardId: id }, search: next, replace: true }),
    [navigate, id],
  );
  const setEditing = (isEditing: boolean): void => {
    const { edit: _, ...rest } = search;
    setSearch(isEditing ? { ...rest, edit: true } : rest);
  };
  if (search.edit === true && mayWrite) {
    return (
      <DashboardEditor dashboard={dashboard} search={search} onSearch={setSearch} onDone={() => setEditing(false)} />
    );
  }
  const edit = mayWrite && (
    <Button icon={<Pencil className="size-3.5" aria-hidden="true" />} onClick={() => setEditing(true)}>
      {common('edit')}
    </Button>
  );
  return (
    <DashboardView
      title={dashboard.name}
      parent={{ to: '/dashboards', label: t('title') }}
      lead={dashboard.description === '' ? undefined : dashboard.description}
      layout={dashboard.layout}
      search={search}
      onSearch={setSearch}
      actions={
        <>
          {edit}
          <DashboardMenu dashboard={dashboard} />
        </>
      }
    >
      {dashboard.layout.widgets.length === 0 ? (
        <EmptyState icon={<LayoutGrid />} title={t('empty.title')} action={edit}>
          {t('empty.text')}
        </EmptyState>
      ) : (
        <Board layout={dashboard.layout} />
      )}
    </DashboardView>
  );
}
