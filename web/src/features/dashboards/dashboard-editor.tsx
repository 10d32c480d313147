import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useBlocker } from '@tanstack/react-router';
import { LayoutGrid, Plus, Redo2, Undo2, Variable } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Dashboard, DashboardLayout, Widget } from '#contract/dashboards.ts';
import { gapura } from '../../api.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toast.tsx';
import { compact, moveWidget } from './arrange.ts';
import { Board } from './board.tsx';
import { dashboardQuery } from './dashboard-queries.ts';
import { type DashboardSearch, parseRange } from './dashboard-search.ts';
import { DashboardView } from './dashboard-view.tsx';
import { layoutCharsLimit, widgetsLimit } from './limits.ts';
import { frameFor } from './new-widget.ts';
import { useHistory } from './use-history.ts';
import { VariablesDialog } from './variables-dialog.tsx';
import { WidgetDialog } from './widget-dialog.tsx';
import type { WidgetActions } from './widget-frame.tsx';

/** Widgets are added, arranged and changed; every step can be taken back until all are saved at once. */
export function DashboardEditor({
  dashboard,
  search,
  onSearch,
  onDone,
}: {
  readonly dashboard: Dashboard;
  readonly search: DashboardSearch;
  onSearch(search: DashboardSearch): void;
  onDone(): void;
}) {
  const { t } = useTranslation('dashboards');
  const common = useTranslation().t;
  const cache = useQueryClient();
  // What others save meanwhile is not mixed in; the revision tells at the end.
  const [base] = useState(dashboard);
  const history = useHistory<DashboardLayout>(base.layout);
  const layout = history.value;
  const [edited, setEdited] = useState<Widget | 'new'>();
  const [isChoosingVariables, setChoosingVariables] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  const [said, setSaid] = useState('');
  const isChanged = JSON.stringify(layout) !== JSON.stringify(base.layout);
  const save = useMutation({
    mutationFn: () => {
      // The range that is looked at becomes the one that the dashboard opens with.
      const shown = parseRange(search.range);
      const range = shown === undefined || shown.kind === 'custom' ? layout.range : shown.kind;
      return gapura.dashboards.update(base.id, { layout: { ...layout, range }, revision: base.revision });
    },
    onSuccess: async (saved) => {
      cache.setQueryData(dashboardQuery(base.id).queryKey, saved);
      await cache.invalidateQueries({ queryKey: ['dashboards', 'list'] });
      toast(t('saved'));
      history.reset(saved.layout);
      onDone();
    },
  });
  const blocker = useBlocker({
    shouldBlockFn: ({ next }) => isChanged && !save.isSuccess && next.pathname !== `/dashboards/${base.id}`,
    enableBeforeUnload: () => isChanged && !save.isSuccess,
    withResolver: true,
  });

  const setWidgets = (widgets: readonly Widget[]): void => history.set({ ...layout, widgets: [...widgets] });
  const nameOf = (widget: Widget): string => (widget.title === '' ? t(`kinds.${widget.kind}`) : widget.title);
  const actions: WidgetActions = {
    edit: (id) => setEdited(layout.widgets.find((widget) => widget.id === id)),
    duplicate(id) {
      const one = layout.widgets.find((widget) => widget.id === id);
      if (one === undefined || layout.widgets.length >= widgetsLimit) return;
      const { id: newId } = frameFor(layout, one.kind);
      setWidgets(compact([...layout.widgets, { ...one, id: newId, y: one.y + one.h }]));
    },
    remove(id) {
      const one = layout.widgets.find((widget) => widget.id === id);
      setWidgets(compact(layout.widgets.filter((widget) => widget.id !== id)));
      if (one !== undefined) setSaid(t('edit.removed', { name: nameOf(one) }));
    },
    move(id, by) {
      const widgets = moveWidget(layout.widgets, id, by);
      setWidgets(widgets);
      const one = widgets.find((widget) => widget.id === id);
      if (one === undefined) return;
      const { x, y, w, h } = one;
      setSaid(t('edit.moved', { name: nameOf(one), x: x + 1, y: y + 1, w, h }));
    },
  };
  const put = (widget: Widget): void => {
    const isNew = !layout.widgets.some(({ id }) => id === widget.id);
    const next = isNew
      ? [...layout.widgets, widget]
      : layout.widgets.map((each) => (each.id === widget.id ? widget : each));
    if (JSON.stringify({ ...layout, widgets: next }).length > layoutCharsLimit) {
      toastError(t('edit.tooLarge'));
      return;
    }
    setWidgets(compact(next));
  };

  const { undo, redo } = history;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const target = event.target;
      // In a field the browser's own undo is meant.
      if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return;
      const key = event.key.toLowerCase();
      if (key === 'z' || key === 'y') {
        event.preventDefault();
        if (key === 'y' || event.shiftKey) redo();
        else undo();
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [undo, redo]);

  const add = (
    <Button
      tone={layout.widgets.length === 0 ? 'primary' : 'plain'}
      icon={<Plus className="size-4" aria-hidden="true" />}
      disabled={layout.widgets.length >= widgetsLimit}
      onClick={() => setEdited('new')}
    >
      {t('edit.add')}
    </Button>
  );
  return (
    <DashboardView
      title={base.name}
      parent={{ to: '/dashboards', label: t('title') }}
      layout={layout}
      search={search}
      onSearch={onSearch}
      toolbar={
        <div className="sticky top-12 z-20 mb-3 flex flex-wrap items-center gap-2 rounded-lg border border-line bg-surface p-2 md:top-2">
          {add}
          <Button icon={<Variable className="size-4" aria-hidden="true" />} onClick={() => setChoosingVariables(true)}>
            {t('variables.button')}
          </Button>
          <Button
            tone="quiet"
            aria-label={t('edit.undo')}
            title={`${t('edit.undo')} (Ctrl+Z)`}
            disabled={!history.canUndo}
            icon={<Undo2 className="size-4" />}
            onClick={undo}
          />
          <Button
            tone="quiet"
            aria-label={t('edit.redo')}
            title={`${t('edit.redo')} (Ctrl+Shift+Z)`}
            disabled={!history.canRedo}
            icon={<Redo2 className="size-4" />}
            onClick={redo}
          />
          <span className="min-w-0 flex-1" />
          <Button onClick={() => (isChanged ? setLeaving(true) : onDone())}>{common('cancel')}</Button>
          <Button tone="primary" busy={save.isPending} onClick={() => save.mutate()}>
            {common('save')}
          </Button>
          {save.isError && (
            <div className="basis-full">
              <ErrorNote error={save.error} />
            </div>
          )}
        </div>
      }
    >
      <p role="status" className="sr-only">
        {said}
      </p>
      {layout.widgets.length === 0 ? (
        <EmptyState icon={<LayoutGrid />} title={t('edit.empty')}>
          {t('edit.emptyText')}
        </EmptyState>
      ) : (
        <Board layout={layout} actions={actions} onArrange={setWidgets} />
      )}
      {edited !== undefined && (
        <WidgetDialog
          key={edited === 'new' ? 'new' : edited.id}
          widget={edited === 'new' ? undefined : edited}
          frameOf={(kind) => frameFor(layout, kind)}
          variables={layout.variables}
          onSave={put}
          onClose={() => setEdited(undefined)}
        />
      )}
      {isChoosingVariables && (
        <VariablesDialog
          layout={layout}
          onSave={(variables) => history.set({ ...layout, variables })}
          onClose={() => setChoosingVariables(false)}
        />
      )}
      <Confirm
        open={isLeaving || blocker.status === 'blocked'}
        onOpenChange={(isOpen) => {
          if (isOpen) return;
          setLeaving(false);
          blocker.reset?.();
        }}
        title={t('edit.leaveTitle')}
        action={t('edit.leave')}
        danger
        onConfirm={async () => {
          if (blocker.status === 'blocked') blocker.proceed();
          else onDone();
        }}
      >
        {t('edit.leaveText')}
      </Confirm>
    </DashboardView>
  );
}
