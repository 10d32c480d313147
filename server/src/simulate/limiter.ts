/** Lets at most `width` tasks run at once; the rest wait in order. */
export function createLimiter(width: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = width;
  const waiting: (() => void)[] = [];
  let head = 0;

  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting[head];
      if (next === undefined) {
        free++;
      } else {
        head++;
        if (head === waiting.length) {
          waiting.length = 0;
          head = 0;
        }
        next();
      }
    }
  };
}
