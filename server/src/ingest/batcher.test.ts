import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import type { MessageBatch } from '../telemetry/message-batch.ts';
import { Batcher, type BatcherDeps } from './batcher.ts';

const device = { tenantId: 't', deviceId: 'd' };

function setUp(limits: Partial<BatcherDeps> = {}) {
  const clock = new FakeClock();
  /** How many messages each append had, in order. */
  const sent: number[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const settled: [messages: number, failed: boolean][] = [];
  const batcher = new Batcher({
    append({ messages }) {
      sent.push(messages);
      const end = Promise.withResolvers<void>();
      ends.push(end);
      return end.promise;
    },
    settled: ({ messages }, error) => void settled.push([messages.messages, error !== undefined]),
    maxMessages: 100,
    maxPoints: 1000,
    maxAppends: 2,
    besideMessages: 10,
    clock,
    ...limits,
  });
  async function add(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      batcher.open.messages.add(device, [{ key: 'k', ts: i, value: i }]);
      batcher.added();
    }
    await turn();
  }
  async function commit(nth: number, error?: Error): Promise<void> {
    if (error === undefined) ends[nth]?.resolve();
    else ends[nth]?.reject(error);
    await turn();
    await turn();
  }
  return { batcher, clock, sent, settled, add, commit };
}

test('a message alone goes at the end of its turn', async () => {
  const { sent, add, commit } = setUp();
  await add(1);
  await commit(0);
  await add(1);
  expect(sent).toEqual([1, 1]);
});

test('a few messages wait for the commit under way, many go beside it', async () => {
  const { sent, add, commit } = setUp();
  await add(1);
  await add(9);
  expect(sent).toEqual([1]);
  await add(1);
  expect(sent).toEqual([1, 10]);
  await add(50);
  expect(sent).toEqual([1, 10]);
  await commit(0);
  expect(sent).toEqual([1, 10, 50]);
});

test('after a commit of several, as many are waited for, for a millisecond at most', async () => {
  const { clock, sent, add, commit } = setUp();
  await add(5);
  await commit(0);
  await add(3);
  await add(1);
  expect(sent).toEqual([5]);
  await add(1);
  expect(sent).toEqual([5, 5]);
  await commit(1);
  await add(2);
  expect(sent).toEqual([5, 5]);
  clock.advance(1);
  await turn();
  expect(sent).toEqual([5, 5, 2]);
  // From then on two are expected.
  await commit(2);
  await add(2);
  expect(sent).toEqual([5, 5, 2, 2]);
});

test('what came during a commit goes after it when it is as many, and else waits for the others', async () => {
  const { clock, sent, add, commit } = setUp();
  await add(4);
  await add(4);
  await commit(0);
  expect(sent).toEqual([4, 4]);
  await add(1);
  await commit(1);
  expect(sent).toEqual([4, 4]);
  clock.advance(1);
  await turn();
  expect(sent).toEqual([4, 4, 1]);
});

test('after a failed commit nobody is waited for', async () => {
  const { sent, settled, add, commit } = setUp();
  await add(5);
  await commit(0, new Error('the disk is full'));
  expect(settled).toEqual([[5, true]]);
  await add(1);
  expect(sent).toEqual([5, 1]);
});

test('a full batch is closed, goes in its order, and all are settled once', async () => {
  const { clock, sent, settled, add, commit } = setUp({ maxMessages: 3, maxAppends: 1 });
  await add(8);
  expect(sent).toEqual([3]);
  await commit(0);
  expect(sent).toEqual([3, 3]);
  await commit(1);
  clock.advance(1);
  await turn();
  expect(sent).toEqual([3, 3, 2]);
  await commit(2);
  expect(settled).toEqual([
    [3, false],
    [3, false],
    [2, false],
  ]);
});

test('a batch that is used again holds nothing of what it held before', async () => {
  const { sent, add, commit } = setUp();
  for (let i = 0; i < 4; i++) {
    await add(7);
    await commit(i);
  }
  expect(sent).toEqual([7, 7, 7, 7]);
});

describe('keys of messages that are dropped', () => {
  /** A thousand keys that nobody has sent before. */
  function dropNewKeys({ batcher }: ReturnType<typeof setUp>, round: number): number {
    const { keys } = batcher.open.messages;
    for (let i = 0; i < 1000; i++) keys.ofText(`${round}.${i}`);
    batcher.open.messages.drop();
    batcher.dropped();
    return keys.size;
  }

  test('are not kept without end, whether nothing waits or a commit does not come to its end', async () => {
    const one = setUp({ maxAppends: 1 });
    let most = 0;
    for (let round = 0; round < 100; round++) most = Math.max(most, dropNewKeys(one, round));
    await one.add(1);
    await one.add(1);
    for (let round = 100; round < 200; round++) most = Math.max(most, dropNewKeys(one, round));
    expect(most).toBeLessThanOrEqual(21_000);
    await one.commit(0);
    await one.commit(1);
    expect(one.settled).toEqual([
      [1, false],
      [1, false],
    ]);
  });
});

test('whatever comes, is committed, and fails when: all that came is sent in its order and settled once', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 12 }) }) },
    { weight: 5, arbitrary: fc.record({ commit: fc.nat(3), fails: fc.boolean() }) },
    { weight: 2, arbitrary: fc.constant({ advanceMs: 1 }) },
    { weight: 2, arbitrary: fc.constant({ turns: 1 }) },
  );
  const limits = fc.record({
    maxMessages: fc.integer({ min: 1, max: 20 }),
    maxPoints: fc.integer({ min: 1, max: 20 }),
    maxAppends: fc.integer({ min: 1, max: 3 }),
    besideMessages: fc.integer({ min: 1, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 60 }), async (given, steps) => {
      const clock = new FakeClock();
      const appended: number[] = [];
      const settled: number[] = [];
      let ends: { readonly numbers: readonly number[]; resolve(): void; reject(error: Error): void }[] = [];
      const numbersOf = (batch: MessageBatch): number[] =>
        batch.devices.flatMap((_, m) => batch.pointsOf(m).map(({ ts }) => ts));
      const batcher = new Batcher({
        append(messages) {
          const end = Promise.withResolvers<void>();
          const numbers = numbersOf(messages);
          appended.push(...numbers);
          ends.push({ numbers, ...end });
          expect(ends.length).toBeLessThanOrEqual(given.maxAppends);
          return end.promise;
        },
        // A batch is used again: what it holds when it is settled has to be what it held when it went.
        settled: ({ messages }) => void settled.push(...numbersOf(messages)),
        clock,
        ...given,
      });
      let added = 0;
      const add = (): void => {
        batcher.open.messages.add(device, [{ key: 'k', ts: added++, value: 1 }]);
        batcher.added();
      };
      const commit = async (nth: number, fails: boolean): Promise<void> => {
        const end = ends[nth % Math.max(1, ends.length)];
        if (end === undefined) return;
        ends = ends.filter((one) => one !== end);
        if (fails) end.reject(new Error('the disk is full'));
        else end.resolve();
        await turn();
      };
      for (const one of steps) {
        if ('add' in one) for (let i = 0; i < one.add; i++) add();
        else if ('commit' in one) await commit(one.commit, one.fails);
        else if ('advanceMs' in one) clock.advance(one.advanceMs);
        else await turn();
      }
      // Nothing more comes. As long as appends end, all that waits has to go.
      for (let i = 0; i < 2 * added + 2 && settled.length < added; i++) {
        clock.advance(1);
        await turn();
        await commit(0, false);
      }
      const all = Array.from({ length: added }, (_, i) => i);
      expect(appended).toEqual(all);
      expect(settled.toSorted((a, b) => a - b)).toEqual(all);
    }),
    { numRuns: 300, seed: 20_261_121 },
  );
});
