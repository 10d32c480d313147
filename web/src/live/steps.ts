/**
 * The beat of all that is live on the screen: whatever changed within a step is told in one go, so that many widgets
 * are one rendering, and a thousand changes a second are ten.
 */

/** Ten a second: quicker than an eye reads figures, and slow enough for a phone. */
export const stepMs = 100;

export interface Steps {
  /** Calls it at the end of this step, once however often it is asked for within. */
  atNext(tell: () => void): void;
  /** What was asked for is not wanted any more. */
  forget(tell: () => void): void;
}

/** One for all feeds that are shown together. */
export function createSteps(): Steps {
  const waiting = new Set<() => void>();
  let isWithinStep = false;

  function end(): void {
    isWithinStep = false;
    const all = [...waiting];
    waiting.clear();
    for (const tell of all) tell();
  }

  return {
    atNext(tell) {
      waiting.add(tell);
      if (isWithinStep) return;
      isWithinStep = true;
      setTimeout(end, stepMs);
    },
    forget: (tell) => void waiting.delete(tell),
  };
}
