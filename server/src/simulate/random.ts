/** A seeded generator: the same seed gives the same fleet, so that a fault seen once can be seen again. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** In [low, high). */
  between(low: number, high: number): number;
  /** Around 0 with a standard deviation of 1. */
  gaussian(): number;
}

/** Not for secrets. @param seed any text */
export function createRandom(seed: string): Random {
  // FNV-1a over the text, then mulberry32: small, quick, and good enough for weather.
  let state = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193);

  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  return {
    next,
    between: (low, high) => low + next() * (high - low),
    // Sum of twelve uniforms (Irwin–Hall): no logarithm of zero, tails cut at 6.
    gaussian: () => {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += next();
      return sum;
    },
  };
}
