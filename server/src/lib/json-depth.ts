/**
 * Whether a parsed JSON value has more than `levels` objects and arrays within each other. Walks level by level, so that
 * no depth can exhaust the stack. What is no plain object (a stream, a buffer) has no depth.
 */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level = containersIn([value]);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === levels) return true;
    level = containersIn(level.flatMap((container) => Object.values(container)));
  }
  return false;
}

function containersIn(values: readonly unknown[]): object[] {
  return values.filter((value) => typeof value === 'object' && value !== null).filter(isPlain);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
