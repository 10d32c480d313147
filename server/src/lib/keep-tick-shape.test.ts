import { expect, test } from 'vitest';
import { keepTickShape } from './keep-tick-shape.ts';

test('one tick is kept, whatever comes after it', async () => {
  const kept = keepTickShape();
  expect(kept).toHaveProperty('callback');
  await new Promise<void>((resolve) => process.nextTick(resolve));
  expect(keepTickShape()).toBe(kept);
});
