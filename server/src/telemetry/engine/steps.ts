/**
 * Work in steps: a generator that stops (`yield`) after about a millisecond, so that appends get their turn. Work that
 * waits for the disk yields the promise.
 */
export type Steps<T> = Generator<Promise<unknown> | undefined, T, undefined>;

/** Does all steps at once, with no turns in between. For work that waits for promises, use `finish`. */
export function runThrough<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Does all steps, waiting where they wait. */
export async function finish<T>(steps: Steps<T>): Promise<T> {
  let next = steps.next();
  while (!next.done) {
    try {
      await next.value;
    } catch (error) {
      next = steps.throw(error);
      continue;
    }
    next = steps.next();
  }
  return next.value;
}
