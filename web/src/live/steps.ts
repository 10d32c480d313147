/**
 * The beat of all that is live on the screen: whatever changed within a step is told in one go, so that many widgets
 * are one rendering, and a thousand changes a second are ten.
 */

/** Ten a second: quicker than an eye reads figures, and slow enough for a phone. */
export const stepMs = 100;

const waiting = new Set<() => void>();
let isWithinStep = false;

/** Calls it at the end of this step, once however often it is asked for within. */
export function atNextStep(tell: () => void): void {
  waiting.add(tell);
  if (isWithinStep) return;
  isWithinStep = true;
  setTimeout(step, stepMs);
}

/** What was asked for is not wanted any more. */
export function forgetStep(tell: () => void): void {
  waiting.delete(tell);
}

function step(): void {
  isWithinStep = false;
  const all = [...waiting];
  waiting.clear();
  for (const tell of all) tell();
}
