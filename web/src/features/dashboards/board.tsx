/** Widgets on their grid, to look at or to arrange. */
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import type { DashboardLayout, Widget } from '#contract/dashboards.ts';
import { LoadingRows } from '../../ui/states.tsx';
import { WidgetContent } from '../../widgets/widget-content.tsx';
import { useIsWide, ViewGrid } from './view-grid.tsx';
import { type WidgetActions, WidgetFrame } from './widget-frame.tsx';

const EditGrid = lazy(() => import('./edit-grid.tsx').then((module) => ({ default: module.EditGrid })));

export function Board({
  layout,
  actions,
  onArrange,
}: {
  readonly layout: DashboardLayout;
  /** In edit mode. */
  readonly actions?: WidgetActions | undefined;
  onArrange?(widgets: readonly Widget[]): void;
}) {
  const { t } = useTranslation('dashboards');
  const isWide = useIsWide();
  const frame = (widget: Widget) => (
    <WidgetFrame widget={widget} actions={actions}>
      <WidgetContent widget={widget} />
    </WidgetFrame>
  );
  const isEdited = actions !== undefined && onArrange !== undefined;
  return (
    <>
      {isEdited && (
        <p id="dashboard-keys" className="sr-only">
          {t('edit.keys')}
        </p>
      )}
      {isEdited && isWide ? (
        <Suspense fallback={<LoadingRows />}>
          <EditGrid widgets={layout.widgets} onArrange={onArrange}>
            {frame}
          </EditGrid>
        </Suspense>
      ) : (
        <ViewGrid widgets={layout.widgets}>{frame}</ViewGrid>
      )}
    </>
  );
}
