import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import type { BusMessage } from '../bus/subjects.ts';
import type { DeviceIdentity } from '../credentials/gate.ts';
import { AppError } from '../errors.ts';
import { createMetrics } from '../metrics.ts';
import { MessageBatch, messagesOf } from '../telemetry/message-batch.ts';
import type { TelemetryMessage } from '../telemetry/store.ts';
import { createIngest } from './create-ingest.ts';
import type { Refusal } from './ingest.ts';
import type { IngestLimits } from './limits.ts';

const device: DeviceIdentity = {
  tenantId: 't',
  deviceId: 'd',
  deviceName: 'D',
  isGateway: false,
  credentialsId: 'c',
  credentialsExpireAt: null,
  policy: { profileId: 'p', tlsOnly: false, tokenInPath: true, minAuth: 'token', requireNonce: false },
};

/** A write that ends only when it is told how. */
function openEnd(): { promise: Promise<void>; succeed(): Promise<void>; fail(error: Error): Promise<void> } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return {
    promise,
    succeed: async () => {
      resolve();
      await turn();
    },
    fail: async (error) => {
      reject(error);
      await turn();
    },
  };
}

function setUp(limits: Partial<IngestLimits> = {}, interest = false) {
  const commits: (ReturnType<typeof openEnd> & { messages: readonly TelemetryMessage[]; keys: number })[] = [];
  const attributeWrites: (ReturnType<typeof openEnd> & { values: unknown })[] = [];
  const published: BusMessage[] = [];
  const touched: string[] = [];
  const logged: string[] = [];
  const metrics = createMetrics();
  const clock = new FakeClock();
  const ingest = createIngest({
    store: {
      append(messages) {
        const end = openEnd();
        commits.push({
          messages: messagesOf(messages),
          keys: messages instanceof MessageBatch ? messages.keys.size : 0,
          ...end,
        });
        return end.promise;
      },
    },
    attributes: {
      write({ values }) {
        const end = openEnd();
        attributeWrites.push({ values, ...end });
        return end.promise;
      },
    },
    sessions: { touch: ({ deviceId }) => touched.push(deviceId) },
    bus: {
      hasInterest: () => interest,
      hasInterestWithin: () => interest,
      publish: (_subject, message) => published.push(message),
      subscribe: () => () => {},
    },
    metrics,
    clock,
    log: { error: (_fields, text) => logged.push(text), info: (_fields, text) => logged.push(text) },
    limits,
  });
  /** Answers in the order in which they came: `ok` or the code of the refusal. */
  const answers: string[] = [];
  const acknowledge = (refusal: Refusal | undefined): void => void answers.push(refusal?.code ?? 'ok');
  const send = (text: string): void => ingest.telemetry(device, Buffer.from(text), acknowledge);
  return { ingest, commits, attributeWrites, published, touched, logged, metrics, clock, answers, acknowledge, send };
}

const rejections = async (metrics: ReturnType<typeof createMetrics>): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await metrics.rejections.get()).values.map(({ labels, value }) => [`${labels.where} ${labels.code}`, value]),
  );

describe('group commit', () => {
  test('a message is acknowledged after the commit that holds it, and not before', async () => {
    const { commits, answers, send } = setUp();
    send('{"a":1}');
    await turn();
    expect(commits.map((commit) => commit.messages)).toEqual([
      [{ tenantId: 't', deviceId: 'd', points: [{ key: 'a', ts: Date.UTC(2026, 0, 1), value: 1 }] }],
    ]);
    expect(answers).toEqual([]);
    await commits[0]?.succeed();
    expect(answers).toEqual(['ok']);
  });

  test('messages of one turn share a commit; those that come while the disk is busy share the next', async () => {
    const { commits, answers, send } = setUp({ maxAppends: 1 });
    send('{"a":1}');
    send('{"a":2}');
    await turn();
    for (let i = 0; i < 3; i++) {
      send('{"a":3}');
      await turn();
    }
    expect(commits.map((commit) => commit.messages.length)).toEqual([2]);
    await commits[0]?.succeed();
    expect(answers).toEqual(['ok', 'ok']);
    expect(commits.map((commit) => commit.messages.length)).toEqual([2, 3]);
    await commits[1]?.succeed();
    expect(answers).toHaveLength(5);
  });

  test('no more appends are under way than the limit', async () => {
    const { commits, send } = setUp({ maxAppends: 2, batch: { maxMessages: 9, maxPoints: 9, besideMessages: 1 } });
    for (let i = 0; i < 5; i++) {
      send('{"a":1}');
      await turn();
    }
    expect(commits.map((commit) => commit.messages.length)).toEqual([1, 1]);
    await commits[1]?.succeed();
    expect(commits.map((commit) => commit.messages.length)).toEqual([1, 1, 3]);
  });

  test('a batch is cut at its limits, but one large message always goes', async () => {
    const { commits, send } = setUp({ maxAppends: 9, batch: { maxMessages: 3, maxPoints: 4, besideMessages: 1 } });
    for (const text of ['{"a":1,"b":1,"c":1,"d":1,"e":1}', '{"a":1}', '{"a":1}', '{"a":1}', '{"a":1,"b":2}'])
      send(text);
    await turn();
    expect(commits.map((commit) => commit.messages.length)).toEqual([1, 3, 1]);
  });

  test('an empty message is acknowledged without a commit', async () => {
    const { commits, answers, send, touched } = setUp();
    for (const text of ['[]', '{}', '{"a":null}']) send(text);
    await turn();
    expect(answers).toEqual(['ok', 'ok', 'ok']);
    expect(commits).toEqual([]);
    expect(touched).toEqual(['d', 'd', 'd']);
  });

  test('a fault in one acknowledgement keeps the others from nothing', async () => {
    const { ingest, commits, answers, acknowledge, logged } = setUp();
    ingest.telemetry(device, Buffer.from('{"a":1}'), () => {
      throw new Error('socket gone');
    });
    ingest.telemetry(device, Buffer.from('{"a":1}'), acknowledge);
    await turn();
    await commits[0]?.succeed();
    expect(answers).toEqual(['ok']);
    expect(logged).toEqual(['an acknowledgement failed']);
  });
});

describe('refusals', () => {
  test('a bad payload is refused at once, is counted, and disturbs nobody', async () => {
    const { commits, answers, send, metrics } = setUp();
    send('{"a":1}');
    send('[1]');
    expect(answers).toEqual(['invalid_payload']);
    await turn();
    await commits[0]?.succeed();
    expect(answers).toEqual(['invalid_payload', 'ok']);
    expect(await rejections(metrics)).toEqual({ 'ingest invalid_payload': 1 });
  });

  test('when the store fails, every message of the batch is refused, nothing is published, one line is logged', async () => {
    const { commits, answers, send, published, logged, metrics } = setUp({}, true);
    for (let burst = 0; burst < 2; burst++) {
      send('{"a":1}');
      send('{"a":2}');
      await turn();
      await commits[burst]?.fail(new AppError('storage_unavailable'));
    }
    expect(answers).toEqual(Array(4).fill('storage_unavailable'));
    expect(published).toEqual([]);
    expect(logged).toEqual(['telemetry could not be stored']);
    send('{"a":3}');
    await turn();
    await commits[2]?.succeed();
    expect(answers.at(-1)).toBe('ok');
    expect(logged).toEqual(['telemetry could not be stored', 'telemetry can be stored again']);
    expect((await metrics.points.get()).values[0]?.value).toBe(1);
  });

  test('over the hard limit a message is refused with a time to try again, and nothing of it is kept', async () => {
    const full = { messages: 2, points: 100, bytes: 1000 };
    const { ingest, commits, answers, send } = setUp({ saturatedAt: full, refusedAt: full, maxAppends: 1 });
    send('{"a":1}');
    send('{"a":1}');
    let refusal: Refusal | undefined;
    ingest.telemetry(device, Buffer.from('{"a":1}'), (given) => {
      refusal = given;
    });
    expect(refusal).toMatchObject({ code: 'overloaded', retryAfterMs: 1000 });
    await turn();
    await commits[0]?.succeed();
    expect(answers).toEqual(['ok', 'ok']);
    expect(commits).toHaveLength(1);
  });

  test.each([
    ['points', { messages: 100, points: 3, bytes: 1000 }],
    ['bytes', { messages: 100, points: 100, bytes: 30 }],
  ])('the limit of %s holds as well', async (_what, full) => {
    const { answers, send } = setUp({ saturatedAt: full, refusedAt: full });
    send('{"a":1,"b":2}');
    send('{"a":1,"b":2,"c":"long enough"}');
    expect(answers).toEqual(['overloaded']);
  });

  test('a device that sends more than its limit is told when to go on', async () => {
    const { ingest, clock, answers, send } = setUp({ deviceMessages: [{ count: 2, periodMs: 1000 }] });
    for (let i = 0; i < 3; i++) send('[]');
    ingest.attributes(device, Buffer.from('{}'), (refusal) =>
      answers.push(`${refusal?.code} ${refusal?.retryAfterMs}`),
    );
    expect(answers).toEqual(['ok', 'ok', 'rate_limited', 'rate_limited 500']);
    clock.advance(500);
    send('[]');
    expect(answers.at(-1)).toBe('ok');
  });

  test('the limit of points counts points', () => {
    const { answers, send } = setUp({ devicePoints: [{ count: 3, periodMs: 1000 }] });
    send('{"a":1,"b":2}');
    send('{"a":1,"b":2}');
    expect(answers).toEqual(['rate_limited']);
  });
});

test('keys of messages that leave no points do not fill the memory', async () => {
  const { commits, answers, send } = setUp();
  const keys = (round: number, value: string): string =>
    Array.from({ length: 1000 }, (_, i) => `"${round}.${i}":${value}`).join();
  for (let round = 0; round < 50; round++) send(`{${keys(round, 'null')}}`);
  for (let round = 50; round < 100; round++) send(`{${keys(round, '1')}`);
  send('{"a":1}');
  await turn();
  expect(answers).toEqual([...Array<string>(50).fill('ok'), ...Array<string>(50).fill('invalid_payload')]);
  expect(commits[0]?.keys).toBeLessThanOrEqual(21_000);
});

describe('saturation', () => {
  test('it begins at the limit, ends at half of it, and is told once to each who asked', async () => {
    const limit = { messages: 4, points: 1000, bytes: 100_000 };
    const { ingest, commits, send } = setUp({
      saturatedAt: limit,
      maxAppends: 4,
      batch: { maxMessages: 1, maxPoints: 9, besideMessages: 256 },
    });
    const drained: string[] = [];
    ingest.whenDrained(() => drained.push('at once'));
    for (let i = 0; i < 4; i++) {
      expect(ingest.saturated).toBe(false);
      send('{"a":1}');
    }
    expect(ingest.saturated).toBe(true);
    ingest.whenDrained(() => drained.push('later'));
    await turn();
    await commits[0]?.succeed();
    await commits[1]?.succeed();
    expect(ingest.saturated).toBe(true);
    expect(drained).toEqual(['at once']);
    await commits[2]?.succeed();
    await turn();
    expect(ingest.saturated).toBe(false);
    await commits[3]?.succeed();
    expect(drained).toEqual(['at once', 'later']);
  });
});

describe('the bus', () => {
  test('hears what has been stored, after the acknowledgement', async () => {
    const { ingest, commits, published } = setUp({}, true);
    let publishedBefore = -1;
    ingest.telemetry(device, Buffer.from('{"ts":5,"values":{"a":1}}'), () => {
      publishedBefore = published.length;
    });
    await turn();
    expect(published).toEqual([]);
    await commits[0]?.succeed();
    expect(publishedBefore).toBe(0);
    const points = [{ key: 'a', ts: 5, value: 1 }];
    expect(published).toEqual([{ kind: 'telemetry.stored', tenantId: 't', deviceId: 'd', points }]);
  });

  test('is left alone when nobody listens', async () => {
    const { commits, published, send } = setUp({}, false);
    send('{"a":1}');
    await turn();
    await commits[0]?.succeed();
    expect(published).toEqual([]);
  });
});

describe('attributes', () => {
  test('are acknowledged after their commit', async () => {
    const { ingest, attributeWrites, answers, acknowledge, touched } = setUp();
    ingest.attributes(device, Buffer.from('{"a":1,"b":null}'), acknowledge);
    await turn();
    expect(attributeWrites.map(({ values }) => values)).toEqual([{ a: 1 }]);
    expect(answers).toEqual([]);
    await attributeWrites[0]?.succeed();
    expect(answers).toEqual(['ok']);
    expect(touched).toEqual(['d']);
  });

  test('of nothing but nulls are acknowledged without a write', () => {
    const { ingest, attributeWrites, answers, acknowledge } = setUp();
    ingest.attributes(device, Buffer.from('{"a":null}'), acknowledge);
    expect(answers).toEqual(['ok']);
    expect(attributeWrites).toEqual([]);
  });

  test('hear their own rules from the attributes and nothing of other faults', async () => {
    const { ingest, attributeWrites, answers, acknowledge } = setUp();
    for (let i = 0; i < 2; i++) ingest.attributes(device, Buffer.from('{"a":1}'), acknowledge);
    await attributeWrites[0]?.fail(new AppError('invalid_payload', 'Too long.'));
    await attributeWrites[1]?.fail(new Error('SQLITE_FULL /var/lib/secret'));
    expect(answers).toEqual(['invalid_payload', 'storage_unavailable']);
  });
});

describe('points from elsewhere', () => {
  const points = [{ key: 'a', ts: 5, value: 1 }];

  test('go with the batches of the devices', async () => {
    const { ingest, commits, send, touched } = setUp();
    send('{"b":1}');
    const stored = ingest.acceptPoints({ tenantId: 't', deviceId: 'other' }, points);
    await turn();
    expect(commits.map((commit) => commit.messages.map((message) => message.deviceId))).toEqual([['d', 'other']]);
    await commits[0]?.succeed();
    await stored;
    // Somebody wrote for the device; that does not make it active.
    expect(touched).toEqual(['d']);
  });

  test('are refused with an error of the catalogue', async () => {
    const { ingest, commits } = setUp();
    const stored = ingest.acceptPoints(device, points);
    const refused = expect(stored).rejects.toMatchObject({
      code: 'storage_unavailable',
      extra: { retryAfterMs: 1000 },
    });
    await turn();
    await commits[0]?.fail(new AppError('storage_unavailable'));
    await refused;
  });
});

describe('stop', () => {
  test('waits for what was taken and refuses what comes', async () => {
    const { ingest, commits, attributeWrites, answers, acknowledge, send } = setUp({ maxAppends: 1 });
    send('{"a":1}');
    await turn();
    send('{"a":2}');
    ingest.attributes(device, Buffer.from('{"x":1}'), acknowledge);
    let isStopped = false;
    const stopped = ingest.stop().then(() => {
      isStopped = true;
    });
    send('{"a":3}');
    await expect(ingest.acceptPoints(device, [{ key: 'a', ts: 5, value: 1 }])).rejects.toMatchObject({
      code: 'shutting_down',
    });
    expect(answers).toEqual(['shutting_down']);
    await attributeWrites[0]?.succeed();
    await commits[0]?.succeed();
    await turn();
    expect(isStopped).toBe(false);
    await commits[1]?.succeed();
    await stopped;
    expect(answers).toEqual(['shutting_down', 'ok', 'ok', 'ok']);
  });

  test('has nothing to wait for when nothing is under way', async () => {
    await setUp().ingest.stop();
  });
});
