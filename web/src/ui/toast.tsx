/** Notices in passing. What shows them is loaded with the first one. */
import { lazy, Suspense, useSyncExternalStore } from 'react';

const loadArea = () => import('./toast-area.tsx');
const ToastArea = lazy(() => loadArea().then((module) => ({ default: module.ToastArea })));

let isWanted = false;
const listeners = new Set<() => void>();

function show(title: string, description: string | undefined, kind: 'done' | 'fault', timeoutMs: number): void {
  isWanted = true;
  for (const listener of listeners) listener();
  void loadArea().then(({ manager }) =>
    manager.add({
      title,
      ...(description !== undefined && { description }),
      type: kind,
      timeout: timeoutMs,
      priority: kind === 'fault' ? 'high' : 'low',
    }),
  );
}

/** Says in passing that something was done. */
export function toast(title: string, description?: string): void {
  show(title, description, 'done', 4000);
}

/** Says in passing that something went wrong; stays longer. */
export function toastError(title: string, description?: string): void {
  show(title, description, 'fault', 9000);
}

/** Once, around no page: where the notices appear. */
export function ToastHost() {
  const isShown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isWanted,
  );
  return isShown ? (
    <Suspense>
      <ToastArea />
    </Suspense>
  ) : null;
}
