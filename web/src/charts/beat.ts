/** One clock for all charts that move: they are drawn together, and none is drawn while nobody looks. */

/** New points are drawn this often. */
const beatMs = 250;

const listeners = new Set<(nowMs: number) => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** @returns the function that ends it */
export function onBeat(listener: (nowMs: number) => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (document.visibilityState === 'hidden') return;
    const nowMs = Date.now();
    for (const each of listeners) each(nowMs);
  }, beatMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
