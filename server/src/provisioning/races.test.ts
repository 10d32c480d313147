/** Devices that ask at the same time. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { failure, openProvisioning, type Provisioning } from './fixture.ts';

let gate: Provisioning;
beforeEach(async () => {
  gate = await openProvisioning();
});
afterEach(() => gate.close());

const tally = (answers: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const status = JSON.parse(answer).status;
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
};
const tokenIn = (answer: string): string => JSON.parse(answer).credentialsValue;

test('of two devices that ask for one name at once exactly one gets it', async () => {
  const profile = await gate.addProfile('p');
  const answers = await Promise.all([
    gate.ask(profile, { deviceName: 'dev', token: 'a' }),
    gate.ask(profile, { deviceName: 'dev', token: 'b' }),
  ]);
  expect(tally(answers)).toEqual({ SUCCESS: 1, FAILURE: 1 });
  expect(answers[1]).toBe(failure);
});

test('when the first of two cannot have the name, the second gets it', async () => {
  const profile = await gate.addProfile('p');
  await gate.addDevice(profile, { name: 'old' });
  const answers = await Promise.all([
    gate.ask(profile, { deviceName: 'dev', token: 'token-of-old' }),
    gate.ask(profile, { deviceName: 'dev', token: 'mine' }),
  ]);
  expect(tally(answers)).toEqual({ SUCCESS: 1, FAILURE: 1 });
  expect(await gate.deviceNamed('dev')).toBeDefined();
});

test('of two devices that bring one token at once exactly one gets it', async () => {
  const profile = await gate.addProfile('p');
  const answers = await Promise.all(['a', 'b'].map((deviceName) => gate.ask(profile, { deviceName, token: 'same' })));
  expect(tally(answers)).toEqual({ SUCCESS: 1, FAILURE: 1 });
});

test('of two that claim one pre-provisioned device at once exactly one gets it', async () => {
  const profile = await gate.addProfile('p', { strategy: 'CHECK_PRE_PROVISIONED_DEVICES' });
  await gate.addDevice(profile, { name: 'dev' });
  const answers = await Promise.all([1, 2, 3].map(() => gate.ask(profile, { deviceName: 'dev' })));
  expect(tally(answers)).toEqual({ SUCCESS: 1, FAILURE: 2 });
});

test('a thousand at once are all served, none twice, in few commits', async () => {
  const profile = await gate.addProfile('p');
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, i) => gate.ask(profile, { deviceName: `dev-${i}` })),
  );
  expect(tally(answers)).toEqual({ SUCCESS: 1000 });
  expect(new Set(answers.map(tokenIn)).size).toBe(1000);
  const { count } = await gate.db
    .selectFrom('devices')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  expect(count).toBe(1000);
  expect(gate.batches).toEqual([500, 500]);
});

test('a thousand for three hundred names: each name is given once', async () => {
  const profile = await gate.addProfile('p');
  const asked = Array.from({ length: 1000 }, (_, i) => `dev-${(i * 7) % 300}`);
  const answers = await Promise.all(asked.map((deviceName) => gate.ask(profile, { deviceName })));
  expect(tally(answers)).toEqual({ SUCCESS: 300, FAILURE: 700 });
  const served = asked.filter((_, i) => answers[i] !== failure);
  expect(new Set(served).size).toBe(300);
  expect(gate.audit).toHaveLength(1000);
});

test('a thousand of several tenants and strategies at once do not disturb each other', async () => {
  const mine = await gate.addProfile('mine');
  const theirs = await gate.addProfile('theirs', { tenantId: await gate.addTenant() });
  const checked = await gate.addProfile('checked', { strategy: 'CHECK_PRE_PROVISIONED_DEVICES' });
  await Promise.all(Array.from({ length: 100 }, (_, i) => gate.addDevice(checked, { name: `pre-${i}` })));
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, i) => {
      if (i % 10 === 0) return gate.ask(checked, { deviceName: `pre-${i / 10}` });
      if (i % 10 === 1) return gate.send('{');
      return gate.ask(i % 2 === 0 ? mine : theirs, { deviceName: `dev-${Math.floor(i / 2)}` });
    }),
  );
  const served = answers.filter((answer) => answer.startsWith('{'));
  expect(served).toHaveLength(900);
  expect(tally(served)).toEqual({ SUCCESS: 900 });
});

test('requests that come while a commit runs share the next one', async () => {
  const profile = await gate.addProfile('p');
  const first = gate.ask(profile, { deviceName: 'first' });
  while (gate.batches.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const others = ['a', 'b', 'c'].map((deviceName) => gate.ask(profile, { deviceName }));
  await Promise.all([first, ...others]);
  expect(gate.batches).toEqual([1, 3]);
});

test('too many at once: those beyond the queue are told to come again', async () => {
  const profile = await gate.addProfile('p');
  const answers = await Promise.all(
    Array.from({ length: 20_010 }, () => gate.ask(profile, { provisionDeviceKey: 'unknown' })),
  );
  expect(answers.filter((answer) => answer === 'rate_limited: 1000')).toHaveLength(10);
});
