import type { Bus } from './bus.ts';
import type { BusMessage } from './subjects.ts';

type Handler = (message: BusMessage, subject: string) => void;

/**
 * A bus within one process. Exact subjects are looked up in a map; the few patterns with `*` are tried one by one.
 * @param onFault receives what a handler threw: one listener's fault never reaches the publisher or other listeners
 */
export function createMemoryBus(onFault: (error: unknown, subject: string) => void): Bus {
  const exact = new Map<string, Set<Handler>>();
  const patterns = new Map<Handler, readonly string[]>();

  function* listeners(subject: string): Generator<Handler> {
    const direct = exact.get(subject);
    if (direct !== undefined) yield* direct;
    if (patterns.size === 0) return;
    const tokens = subject.split('.');
    for (const [handler, pattern] of patterns) {
      if (pattern.length === tokens.length && pattern.every((token, i) => token === '*' || token === tokens[i])) {
        yield handler;
      }
    }
  }

  return {
    publish(subject, message) {
      for (const handler of listeners(subject)) {
        try {
          handler(message, subject);
        } catch (error) {
          onFault(error, subject);
        }
      }
    },
    hasInterest(subject) {
      return listeners(subject).next().done === false;
    },
    subscribe(pattern, handler) {
      // A handler of its own, so that one function may be subscribed twice.
      const own: Handler = (message, subject) => handler(message, subject);
      const tokens = pattern.split('.');
      if (tokens.includes('*')) {
        patterns.set(own, tokens);
        return () => patterns.delete(own);
      }
      const handlers = exact.get(pattern) ?? new Set();
      exact.set(pattern, handlers.add(own));
      return () => {
        handlers.delete(own);
        if (handlers.size === 0 && exact.get(pattern) === handlers) exact.delete(pattern);
      };
    },
  };
}
