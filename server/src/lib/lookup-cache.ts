import type { Clock } from './clock.ts';
import { LruMap } from './lru.ts';

export interface LookupCacheDeps<V> {
  readonly clock: Clock;
  /** Looks up what belongs to a key; undefined when there is nothing. */
  load(key: string): Promise<V | undefined>;
  /** What a value belongs to: `forget` drops all values of one owner. */
  ownerOf(value: V): string;
  readonly foundLimit: number;
  readonly missingLimit: number;
  /** How long it is remembered that a key leads to nothing, ms. */
  readonly missingTtlMs: number;
}

export interface LookupCache<V> {
  /** What memory says: the value, null for "there is nothing", undefined for "unknown: `load` it". */
  peek(key: string): V | null | undefined;
  /** From memory, or looked up and remembered. */
  get(key: string): Promise<V | undefined>;
  /** The values of this owner, and every absence, are no longer true. */
  forget(owner: string): void;
  forgetAll(): void;
  /** Something new came to be: what was absent may be there now. */
  forgetMissing(): void;
}

/** A marker that the entries of one owner share: they are stale together, without a list of them. */
interface Owner {
  stale: boolean;
  entries: number;
}

interface Entry<V> {
  readonly value: V;
  readonly name: string;
  readonly owner: Owner;
}

/** A lookup that met a change is repeated; under a storm of changes its last answer is given, but not remembered. */
const maxLookups = 4;

/**
 * Remembers lookups by text key. What is absent stands apart from what was found, so that somebody who tries keys at
 * random pushes out only other absences. A lookup that was under way while something changed leaves nothing behind.
 */
export function createLookupCache<V>(deps: LookupCacheDeps<V>): LookupCache<V> {
  const { clock, load, ownerOf } = deps;
  const owners = new Map<string, Owner>();
  const found = new LruMap<string, Entry<V>>(deps.foundLimit, (_key, entry) => release(entry));
  /** Until when the absence is believed, ms. */
  const missing = new LruMap<string, number>(deps.missingLimit);
  /** Counts what made found values stale, and what made absences stale. */
  let changes = 0;
  let additions = 0;

  function release({ name, owner }: Entry<V>): void {
    owner.entries--;
    if (owner.entries === 0 && owners.get(name) === owner) owners.delete(name);
  }

  function drop(key: string): void {
    const entry = found.peek(key);
    if (entry === undefined) return;
    found.delete(key);
    release(entry);
  }

  function remember(key: string, value: V): void {
    drop(key);
    const name = ownerOf(value);
    let owner = owners.get(name);
    if (owner === undefined) {
      owner = { stale: false, entries: 0 };
      owners.set(name, owner);
    }
    owner.entries++;
    found.set(key, { value, name, owner });
    missing.delete(key);
  }

  function peek(key: string): V | null | undefined {
    const entry = found.get(key);
    if (entry !== undefined) {
      if (!entry.owner.stale) return entry.value;
      drop(key);
      return undefined;
    }
    const until = missing.peek(key);
    if (until === undefined) return undefined;
    if (clock.now() < until) return null;
    missing.delete(key);
    return undefined;
  }

  return {
    peek,
    async get(key) {
      const known = peek(key);
      if (known !== undefined) return known ?? undefined;
      for (let lookups = 1; ; lookups++) {
        const [changesBefore, additionsBefore] = [changes, additions];
        const value = await load(key);
        const current = changes === changesBefore && (value !== undefined || additions === additionsBefore);
        if (current) {
          if (value === undefined) missing.set(key, clock.now() + deps.missingTtlMs);
          else remember(key, value);
        }
        if (current || lookups === maxLookups) return value;
      }
    },
    forget(name) {
      changes++;
      const owner = owners.get(name);
      if (owner !== undefined) {
        owner.stale = true;
        owners.delete(name);
      }
      missing.clear();
    },
    forgetAll() {
      changes++;
      found.clear();
      owners.clear();
      missing.clear();
    },
    forgetMissing() {
      additions++;
      missing.clear();
    },
  };
}
