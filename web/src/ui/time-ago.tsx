import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format.ts';

// One clock for all of them, that stands while nobody looks.
const listeners = new Set<() => void>();
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  // It stood still while nobody looked.
  if (listeners.size === 0) nowMs = Date.now();
  listeners.add(listener);
  timer ??= setInterval(() => {
    nowMs = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, once a second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}

/** "12 s ago", kept right as time goes by; the exact time under the pointer. */
export function TimeAgo({ at, empty }: { readonly at: number | null | undefined; readonly empty?: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow();
  if (at === null || at === undefined) return <span className="text-ink-3">{empty ?? t('never')}</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={format.dateTime(at)} className="whitespace-nowrap tabular-nums">
      {Math.abs(now - at) < 2000 ? t('justNow') : format.ago(at, Math.max(now, at))}
    </time>
  );
}
