/** Charts are drawn one after the other, a frame's worth at a time: ten of them never stand in the way of a key. */

/** Of the 16 ms of a frame; one chart more may begin while less has passed. */
const budgetMs = 6;

const waiting = new Set<() => void>();
let isAsked = false;

/** Draws it in one of the next frames, once however often it is asked for until then. */
export function queueDrawing(draw: () => void): void {
  waiting.add(draw);
  ask();
}

export function forgetDrawing(draw: () => void): void {
  waiting.delete(draw);
}

function ask(): void {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(run);
}

function run(): void {
  isAsked = false;
  const beganMs = performance.now();
  for (const draw of waiting) {
    waiting.delete(draw);
    draw();
    if (performance.now() - beganMs >= budgetMs) break;
  }
  if (waiting.size > 0) ask();
}
