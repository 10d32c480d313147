import type { Bus } from './bus.ts';
import type { BusMessage } from './subjects.ts';

type Handler = (message: BusMessage, subject: string) => void;

/**
 * A bus within one process. Exact subjects are looked up in a map; of the patterns with `*` only those that begin with
 * the subject's first token are tried.
 * @param onFault receives what a handler threw: one listener's fault never reaches the publisher or other listeners
 */
export function createMemoryBus(onFault: (error: unknown, subject: string) => void): Bus {
  const exact = new Map<string, Set<Handler>>();
  /** By their first token. */
  const patterns = new Map<string, Map<Handler, readonly string[]>>();
  /** How many subscriptions begin with a token. */
  const begun = new Map<string, number>();

  /** The handlers as they are now: one that is added or ended by another does not change this round. */
  function listeners(subject: string): Handler[] {
    const found = [...(exact.get(subject) ?? [])];
    if (patterns.size === 0) return found;
    const tokens = subject.split('.');
    for (const first of [tokens[0] ?? '', '*']) {
      for (const [handler, pattern] of patterns.get(first) ?? []) if (matches(pattern, tokens)) found.push(handler);
    }
    return found;
  }

  function count(token: string, change: 1 | -1): void {
    const left = (begun.get(token) ?? 0) + change;
    if (left === 0) begun.delete(token);
    else begun.set(token, left);
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
      return exact.has(subject) || (patterns.size > 0 && listeners(subject).length > 0);
    },
    hasInterestWithin: (token) => begun.has(token) || begun.has('*'),
    subscribe(pattern, handler) {
      // A handler of its own, so that one function may be subscribed twice.
      const own: Handler = (message, subject) => handler(message, subject);
      const tokens = pattern.split('.');
      const first = tokens[0] ?? '';
      const leave = tokens.includes('*') ? join(patterns, first, own, tokens) : joinExact(exact, pattern, own);
      count(first, 1);
      let isSubscribed = true;
      return () => {
        if (!isSubscribed) return;
        isSubscribed = false;
        leave();
        count(first, -1);
      };
    },
  };
}

const matches = (pattern: readonly string[], tokens: readonly string[]): boolean =>
  pattern.length === tokens.length && pattern.every((token, i) => token === '*' || token === tokens[i]);

function join(
  patterns: Map<string, Map<Handler, readonly string[]>>,
  first: string,
  handler: Handler,
  tokens: readonly string[],
): () => void {
  const handlers = patterns.get(first) ?? new Map<Handler, readonly string[]>();
  patterns.set(first, handlers.set(handler, tokens));
  return () => {
    handlers.delete(handler);
    if (handlers.size === 0 && patterns.get(first) === handlers) patterns.delete(first);
  };
}

function joinExact(exact: Map<string, Set<Handler>>, subject: string, handler: Handler): () => void {
  const handlers = exact.get(subject) ?? new Set();
  exact.set(subject, handlers.add(handler));
  return () => {
    handlers.delete(handler);
    if (handlers.size === 0 && exact.get(subject) === handlers) exact.delete(subject);
  };
}
