import { createHook } from 'node:async_hooks';

/** Alive as long as the process, which is its whole purpose. */
let kept: object | undefined;

/**
 * Keeps one object of `process.nextTick` for good. V8 forgets the shape of objects when a collection finds none of them,
 * and the object literal in `nextTick`, whose keys are symbols, then never becomes quick again: 0.7 µs for each tick instead
 * of less than 0.1, and a request over HTTP takes six (docs/adr/0008-work-per-batch.md). Call it before the first collection.
 * @returns what is kept
 */
export function keepTickShape(): object | undefined {
  if (kept !== undefined) return kept;
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      if (type === 'TickObject') kept ??= resource;
    },
  });
  hook.enable();
  process.nextTick(() => {});
  hook.disable();
  return kept;
}
