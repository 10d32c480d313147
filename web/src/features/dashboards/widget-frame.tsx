import { Copy, Ellipsis, Grip, Pencil, Trash2 } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Widget } from '#contract/dashboards.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Menu, MenuItem, MenuSeparator } from '../../ui/menu.tsx';

import type { Step } from './arrange.ts';

export interface WidgetActions {
  edit(id: string): void;
  duplicate(id: string): void;
  remove(id: string): void;
  move(id: string, by: Step): void;
}

/** The frame around a widget; in edit mode with what moves, resizes and changes it. */
export function WidgetFrame({
  widget,
  actions,
  children,
}: {
  readonly widget: Widget;
  /** Only in edit mode. */
  readonly actions?: WidgetActions | undefined;
  readonly children: ReactNode;
}) {
  const { t } = useTranslation('dashboards');
  const name = widget.title === '' ? t(`kinds.${widget.kind}`) : widget.title;
  const hasHeader = widget.title !== '' || actions !== undefined;
  return (
    <section
      aria-label={name}
      className={cx(
        'flex h-full min-w-0 flex-col rounded-lg border bg-surface',
        actions === undefined ? 'border-line' : 'border-line-strong border-dashed',
      )}
    >
      {hasHeader && (
        <header className="flex h-9 shrink-0 items-center gap-1 px-3">
          {actions !== undefined && <MoveHandle widget={widget} name={name} actions={actions} />}
          <h2 className="min-w-0 flex-1 truncate font-medium text-ink-2 text-xs">{name}</h2>
          {actions !== undefined && <FrameMenu widget={widget} name={name} actions={actions} />}
        </header>
      )}
      <div
        {...(scrolling.has(widget.kind) && { tabIndex: 0 })}
        className={cx(
          'min-h-0 flex-1 rounded-b-lg outline-offset-[-2px]',
          scrolling.has(widget.kind) ? 'overflow-auto' : 'overflow-hidden',
          !flush.has(widget.kind) && (hasHeader ? 'px-3 pb-3' : 'p-3'),
        )}
      >
        {children}
      </div>
    </section>
  );
}

/** What may be longer than its frame; it has to be reachable by keyboard then. */
const scrolling: ReadonlySet<Widget['kind']> = new Set(['bar', 'events', 'statusGrid', 'table', 'text']);

/** What goes to the edges of its frame. */
const flush: ReadonlySet<Widget['kind']> = new Set(['map', 'table']);

const steps: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Dragged by the pointer; with the focus on it, arrows move, and with Shift they resize. */
function MoveHandle({
  widget,
  name,
  actions,
}: {
  readonly widget: Widget;
  readonly name: string;
  readonly actions: WidgetActions;
}) {
  const { t } = useTranslation('dashboards');
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const [x, y] = step;
      actions.move(widget.id, event.shiftKey ? { dw: x, dh: y } : { dx: x, dy: y });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      actions.edit(widget.id);
    } else if (event.key === 'Delete') {
      event.preventDefault();
      actions.remove(widget.id);
    }
  };
  return (
    <button
      type="button"
      data-handle={widget.id}
      aria-label={t('edit.handle', { name })}
      aria-describedby="dashboard-keys"
      title={t('edit.keys')}
      onKeyDown={onKeyDown}
      className="widget-handle -ml-1.5 flex size-6 shrink-0 cursor-grab touch-none items-center justify-center rounded text-ink-3 hover:bg-hover hover:text-ink"
    >
      <Grip className="size-3.5" aria-hidden="true" />
    </button>
  );
}

function FrameMenu({
  widget,
  name,
  actions,
}: {
  readonly widget: Widget;
  readonly name: string;
  readonly actions: WidgetActions;
}) {
  const { t } = useTranslation('dashboards');
  const common = useTranslation().t;
  const { id } = widget;
  const moves = [
    ['left', { dx: -1 }],
    ['right', { dx: 1 }],
    ['up', { dy: -1 }],
    ['down', { dy: 1 }],
    ['wider', { dw: 1 }],
    ['narrower', { dw: -1 }],
    ['taller', { dh: 1 }],
    ['shorter', { dh: -1 }],
  ] as const;
  return (
    <Menu
      trigger={
        <Button tone="quiet" size="sm" aria-label={t('edit.menu', { name })} icon={<Ellipsis className="size-4" />} />
      }
    >
      <MenuItem icon={<Pencil className="size-3.5 text-ink-3" />} onSelect={() => actions.edit(id)}>
        {common('edit')}
      </MenuItem>
      <MenuItem icon={<Copy className="size-3.5 text-ink-3" />} onSelect={() => actions.duplicate(id)}>
        {t('edit.duplicate')}
      </MenuItem>
      <MenuSeparator />
      {moves.map(([move, by]) => (
        <MenuItem key={move} onSelect={() => actions.move(id, by)}>
          {t(`edit.moves.${move}`)}
        </MenuItem>
      ))}
      <MenuSeparator />
      <MenuItem danger icon={<Trash2 className="size-3.5" />} onSelect={() => actions.remove(id)}>
        {common('delete')}
      </MenuItem>
    </Menu>
  );
}
