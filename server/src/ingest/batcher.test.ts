import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
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
  return { clock, sent, settled, add, commit };
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
