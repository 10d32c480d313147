/** One clock for all charts that move: they are drawn together, and none is drawn while nobody looks. */

/** New points are drawn this often. */
const beatMs = 250;
/** While a page is scrolled, charts keep still; they go on when it has been at rest for this long. */
const restMs = 150;

let scrolledAtMs = 0;
addEventListener(
  'scroll',
  () => {
    scrolledAtMs = performance.now();
  },
  { capture: true, passive: true },
);

const listeners = new Set<(nowMs: number) => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** @returns the function that ends it */
export function onBeat(listener: (nowMs: number) => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (document.visibilityState === 'hidden' || performance.now() - scrolledAtMs < restMs) return;
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
