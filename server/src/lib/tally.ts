/**
 * Counts in memory and hands the sum over once per turn of the event loop: a labelled Prometheus counter costs half a
 * microsecond each time, which is felt at a hundred thousand messages a second.
 * @param add receives what came together, ≥ 1
 * @returns counts one
 */
export function createTally(add: (count: number) => void): () => void {
  let count = 0;
  const flush = (): void => {
    const sum = count;
    count = 0;
    add(sum);
  };
  return () => {
    if (count++ === 0) setImmediate(flush);
  };
}
