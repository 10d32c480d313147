/** The grid that is dragged and resized. Loaded when somebody edits. */
import type { ReactNode } from 'react';
import ReactGridLayout, { type Layout } from 'react-grid-layout';
import 'react-grid-layout/css/styles.css';
import './edit-grid.css';
import type { Widget } from '#contract/dashboards.ts';
import { useSize } from '../../widgets/use-size.ts';
import { gapPx, gridColumns, rowPx } from './limits.ts';

/**
 * While something is dragged, react-draggable would add a style element, which the policy of the page forbids. It takes
 * an element of this name for its own and adds none; what it would have said is in edit-grid.css.
 */
const draggableStyleId = 'react-draggable-style-el';
if (document.getElementById(draggableStyleId) === null) {
  const stand = document.createElement('meta');
  stand.id = draggableStyleId;
  document.head.append(stand);
}

export function EditGrid({
  widgets,
  onArrange,
  children,
}: {
  readonly widgets: readonly Widget[];
  onArrange(widgets: readonly Widget[]): void;
  children(widget: Widget): ReactNode;
}) {
  const { ref, size } = useSize<HTMLDivElement>();
  const arrange = (layout: Layout): void => {
    const places = new Map(layout.map((item) => [item.i, item]));
    onArrange(
      widgets.map((widget) => {
        const place = places.get(widget.id);
        return place === undefined ? widget : { ...widget, x: place.x, y: place.y, w: place.w, h: place.h };
      }),
    );
  };
  const ordered = [...widgets].sort((a, b) => a.y - b.y || a.x - b.x);
  return (
    <div ref={ref} className="dashboard-grid">
      {size.width > 0 && (
        <ReactGridLayout
          width={size.width}
          layout={ordered.map(({ id, x, y, w, h }) => ({ i: id, x, y, w, h }))}
          gridConfig={{ cols: gridColumns, rowHeight: rowPx, margin: [gapPx, gapPx], containerPadding: [0, 0] }}
          dragConfig={{ handle: '.widget-handle' }}
          onDragStop={arrange}
          onResizeStop={arrange}
        >
          {ordered.map((widget) => (
            <div key={widget.id}>{children(widget)}</div>
          ))}
        </ReactGridLayout>
      )}
    </div>
  );
}
