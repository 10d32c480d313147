import { expect, test } from 'vitest';
import { parseDuration } from './duration.ts';
import { planFleet } from './fleet-plan.ts';
import { createLimiter } from './limiter.ts';
import { coldChain } from './models/cold-chain.ts';
import { greenhouse } from './models/greenhouse.ts';
import type { Transport } from './uplink.ts';

function transport(name: 'http' | 'mqtt'): Transport {
  return { name, provision: () => Promise.reject(new Error()), open: () => Promise.reject(new Error()) };
}

const plan = {
  count: 100,
  prefix: 'sim',
  kinds: [greenhouse, coldChain],
  transports: [transport('http'), transport('mqtt')],
  provisionKey: 'key',
  provisionSecret: 'secret',
};

test('a fleet is planned the same way every time, with names and tokens of its own for every device', () => {
  const devices = planFleet(plan);
  expect(planFleet(plan)).toEqual(devices);
  expect(new Set(devices.map(({ name }) => name)).size).toBe(100);
  expect(new Set(devices.map(({ token }) => token)).size).toBe(100);
  expect(devices[2]?.name).toBe('sim-greenhouse-003');
});

test('tokens depend on the secret and stand in a URL path as they are', () => {
  const other = planFleet({ ...plan, provisionSecret: 'other' });
  const tokens = planFleet(plan).map(({ token }) => token);
  expect(other.map(({ token }) => token)).not.toContain(tokens[0]);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{24}$/);
});

test('every kind uses every transport', () => {
  const pairs = planFleet(plan).map(({ kind, transport: { name } }) => `${kind.name} ${name}`);
  expect(new Set(pairs).size).toBe(4);
});

test.each([
  ['500ms', 500],
  ['1s', 1000],
  ['2.5m', 150_000],
  ['1h', 3_600_000],
  ['1', undefined],
  ['-1s', undefined],
  ['1 s', undefined],
  ['s', undefined],
])('the duration %s is %s ms', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test('no more tasks run at once than the limit says, and all of them run', async () => {
  const limit = createLimiter(3);
  let running = 0;
  let most = 0;
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      limit(async () => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running--;
        return i;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(results).toEqual(Array.from({ length: 50 }, (_, i) => i));
});

test('a task that fails gives its place to the next', async () => {
  const limit = createLimiter(1);
  const failed = limit(() => Promise.reject(new Error('no')));
  const next = limit(async () => 'yes');
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('yes');
});
