import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import { createLookupCache } from './lookup-cache.ts';

interface Thing {
  readonly owner: string;
  readonly version: number;
}

function setUp(limits: { foundLimit?: number; missingLimit?: number } = {}) {
  const clock = new FakeClock();
  const things = new Map<string, Thing>();
  const looked: string[] = [];
  /** Called between the read and the answer of a lookup. */
  let meanwhile = (): void => {};
  const cache = createLookupCache<Thing>({
    clock,
    ownerOf: (thing) => thing.owner,
    foundLimit: 10,
    missingLimit: 10,
    missingTtlMs: 1000,
    ...limits,
    async load(key) {
      looked.push(key);
      const thing = things.get(key);
      const interruption = meanwhile;
      meanwhile = () => {};
      interruption();
      return thing;
    },
  });
  return { clock, things, looked, cache, during: (action: () => void) => (meanwhile = action) };
}

describe('a lookup cache', () => {
  test('looks up once what is there, and once what is not', async () => {
    const { things, looked, cache } = setUp();
    things.set('a', { owner: 'o', version: 1 });
    for (let i = 0; i < 3; i++) {
      expect(await cache.get('a')).toEqual({ owner: 'o', version: 1 });
      expect(await cache.get('b')).toBeUndefined();
    }
    expect(looked).toEqual(['a', 'b']);
    expect(cache.peek('b')).toBeNull();
    expect(cache.peek('c')).toBeUndefined();
  });

  test('forgets all that belongs to an owner, and nothing of others', async () => {
    const { things, looked, cache } = setUp();
    things.set('a', { owner: 'o', version: 1 });
    things.set('b', { owner: 'o', version: 1 });
    things.set('c', { owner: 'p', version: 1 });
    for (const key of ['a', 'b', 'c']) await cache.get(key);
    things.set('a', { owner: 'o', version: 2 });
    cache.forget('o');
    expect(cache.peek('b')).toBeUndefined();
    expect(cache.peek('c')).toEqual({ owner: 'p', version: 1 });
    expect(await cache.get('a')).toEqual({ owner: 'o', version: 2 });
    // Remembered again after it was forgotten, and forgotten again.
    cache.forget('o');
    expect(cache.peek('a')).toBeUndefined();
    expect(looked).toEqual(['a', 'b', 'c', 'a']);
  });

  test('a lookup that meets a change answers with what is true after it, and remembers that', async () => {
    const { things, cache, during } = setUp();
    things.set('a', { owner: 'o', version: 1 });
    during(() => {
      things.set('a', { owner: 'o', version: 2 });
      cache.forget('o');
    });
    expect(await cache.get('a')).toEqual({ owner: 'o', version: 2 });
    expect(cache.peek('a')).toEqual({ owner: 'o', version: 2 });
  });

  test('an absence that was looked up while the thing came to be is not remembered', async () => {
    const { things, cache, during } = setUp();
    during(() => {
      things.set('a', { owner: 'o', version: 1 });
      cache.forgetMissing();
    });
    expect(await cache.get('a')).toEqual({ owner: 'o', version: 1 });
  });

  test('under changes without end it answers, and remembers nothing', async () => {
    const { things, cache, during } = setUp();
    const churn = (): void => {
      cache.forgetAll();
      during(churn);
    };
    things.set('a', { owner: 'o', version: 1 });
    during(churn);
    expect(await cache.get('a')).toEqual({ owner: 'o', version: 1 });
    expect(cache.peek('a')).toBeUndefined();
  });

  test('an absence is believed for its time only', async () => {
    const { clock, things, cache } = setUp();
    await cache.get('a');
    things.set('a', { owner: 'o', version: 1 });
    clock.advance(999);
    expect(await cache.get('a')).toBeUndefined();
    clock.advance(1);
    expect(await cache.get('a')).toEqual({ owner: 'o', version: 1 });
  });

  test('keys tried at random push out other absences, never what was found', async () => {
    const { things, looked, cache } = setUp({ foundLimit: 1, missingLimit: 2 });
    things.set('good', { owner: 'o', version: 1 });
    await cache.get('good');
    for (let i = 0; i < 20; i++) await cache.get(`guess ${i}`);
    looked.length = 0;
    await cache.get('good');
    expect(looked).toEqual([]);
    expect(cache.peek('guess 0')).toBeUndefined();
  });

  test('what made room and came back can still be forgotten', async () => {
    const { things, cache } = setUp({ foundLimit: 1 });
    things.set('a', { owner: 'o', version: 1 });
    things.set('b', { owner: 'o', version: 1 });
    for (const key of ['a', 'b', 'a']) await cache.get(key);
    cache.forget('o');
    expect(cache.peek('a')).toBeUndefined();
  });
});
