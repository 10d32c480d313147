/** Notices in passing. What shows them is loaded with the first one. */
import { lazy, Suspense, useSyncExternalStore } from 'react';

const ToastArea = lazy(() => import('./toast-area.tsx').then((module) => ({ default: module.ToastArea })));

interface Notice {
  readonly title: string;
  readonly description?: string;
  readonly type: 'done' | 'fault';
  readonly timeout: number;
  readonly priority: 'low' | 'high';
}

/** Shows them, once the area stands. */
let add: ((notice: Notice) => void) | undefined;
/** Those that came before. */
const waiting: Notice[] = [];

function begin(show: (notice: Notice) => void): void {
  add = show;
  for (const notice of waiting.splice(0)) show(notice);
}

let isWanted = false;
const listeners = new Set<() => void>();

function show(title: string, description: string | undefined, kind: 'done' | 'fault', timeoutMs: number): void {
  isWanted = true;
  for (const listener of listeners) listener();
  const notice: Notice = {
    title,
    ...(description !== undefined && { description }),
    type: kind,
    timeout: timeoutMs,
    priority: kind === 'fault' ? 'high' : 'low',
  };
  if (add === undefined) waiting.push(notice);
  else add(notice);
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
      <ToastArea onReady={begin} />
    </Suspense>
  ) : null;
}
