import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import { createHousekeeping } from './housekeeping.ts';

function setUp() {
  const clock = new FakeClock();
  const runs: PromiseWithResolvers<void>[] = [];
  const errors: unknown[] = [];
  const run = (): Promise<void> => {
    const one = Promise.withResolvers<void>();
    runs.push(one);
    return one.promise;
  };
  const housekeeping = createHousekeeping(clock, 1000, run, (error) => errors.push(error));
  return { clock, runs, errors, housekeeping };
}

test('a period that comes due while a run is under way is skipped', async () => {
  const { clock, runs, housekeeping } = setUp();
  housekeeping.start();
  clock.advance(3000);
  expect(runs).toHaveLength(1);
  runs[0]?.resolve();
  await housekeeping.stop();
  housekeeping.start();
  clock.advance(1000);
  expect(runs).toHaveLength(2);
  runs[1]?.resolve();
});

test('a run that fails is told, and the next one comes', async () => {
  const { clock, runs, errors, housekeeping } = setUp();
  housekeeping.start();
  clock.advance(1000);
  runs[0]?.reject('no');
  await expect.poll(() => errors).toEqual(['no']);
  clock.advance(1000);
  expect(runs).toHaveLength(2);
  runs[1]?.resolve();
});

test('a stop waits for the run that is under way, and no other begins', async () => {
  const { clock, runs, housekeeping } = setUp();
  housekeeping.start();
  clock.advance(1000);
  let isStopped = false;
  const stopped = housekeeping.stop().then(() => {
    isStopped = true;
  });
  await Promise.resolve();
  expect(isStopped).toBe(false);
  runs[0]?.resolve();
  await stopped;
  clock.advance(5000);
  expect(runs).toHaveLength(1);
});
