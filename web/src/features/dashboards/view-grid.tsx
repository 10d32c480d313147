import { type ReactNode, useSyncExternalStore } from 'react';
import type { Widget } from '#contract/dashboards.ts';
import { gapPx, gridColumns, rowPx } from './limits.ts';

const wide = matchMedia('(min-width: 768px)');

/** Whether there is room for columns. */
export function useIsWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      wide.addEventListener('change', listener);
      return () => wide.removeEventListener('change', listener);
    },
    () => wide.matches,
  );
}

/** Widgets where they stand; one below the other on a phone. */
export function ViewGrid({
  widgets,
  children,
}: {
  readonly widgets: readonly Widget[];
  children(widget: Widget): ReactNode;
}) {
  const isWide = useIsWide();
  // In the order in which they are read, which is also that of the keyboard.
  const ordered = [...widgets].sort((a, b) => a.y - b.y || a.x - b.x);
  return (
    <div
      className="grid"
      style={{
        gap: gapPx,
        gridAutoRows: rowPx,
        gridTemplateColumns: `repeat(${isWide ? gridColumns : 1}, minmax(0, 1fr))`,
      }}
    >
      {ordered.map((widget) => (
        <div
          key={widget.id}
          className="min-w-0"
          style={
            isWide
              ? {
                  gridColumn: `${widget.x + 1} / span ${widget.w}`,
                  gridRow: `${widget.y + 1} / span ${widget.h}`,
                }
              : { gridRow: `span ${widget.h}` }
          }
        >
          {children(widget)}
        </div>
      ))}
    </div>
  );
}
