import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';

async function logTo(format: 'json' | 'pretty', isTerminal = false) {
  const written: string[] = [];
  const log = await createLogger({
    level: 'trace',
    format,
    isTerminal,
    destination: { write: (line) => void written.push(line) },
  });
  return { log, text: () => written.join(''), lines: () => written.join('').split('\n').slice(0, -1) };
}

test('lines are JSON with a level that has a name and a time that people can read', async () => {
  const { log, lines } = await logTo('json');
  log.info({ deviceId: 'd1' }, 'device connected');
  const line = JSON.parse(lines()[0] ?? '');
  expect(line).toMatchObject({ level: 'info', deviceId: 'd1', msg: 'device connected' });
  expect(new Date(line.time).toISOString()).toBe(line.time);
});

test.each(['json', 'pretty'] as const)('no secret reaches the log, however it is wrapped (%s)', async (format) => {
  const { log, text } = await logTo(format);
  const secret = 'S3CRET-VALUE';
  log.info({
    password: secret,
    deep: { a: [{ accessToken: secret }], headers: { authorization: secret, Cookie: secret } },
  });
  log.info({ provisionDeviceSecret: secret, credentialsValue: secret, apiKey: secret, keyPem: secret });
  log.error({ err: Object.assign(new Error('refused'), { token: secret }) }, 'failed');
  log.error(Object.assign(new Error('refused'), { secret }));
  log.child({ setupToken: secret }).info('child');
  log.info(`key gpr_${secret} and Bearer ${secret}`);
  log.info({ url: `/api/v1/${secret}/telemetry` }, `POST /api/v1/${secret}`);
  expect(text()).not.toContain('S3CRET');
  expect(text()).toContain('refused');
});

test('paths of the device API without a token stay readable', async () => {
  const { log, text } = await logTo('json');
  log.info('/api/v1/telemetry and /api/v1/provision and /api/v1/T0KEN/attributes?clientKeys=a');
  expect(JSON.parse(text()).msg).toBe(
    '/api/v1/telemetry and /api/v1/provision and /api/v1/[hidden]/attributes?clientKeys=a',
  );
});

const hostile = 'name\r\n{"level":"fatal","msg":"forged"}\u001b[2J\u0085\u2028\u202e\u009b31m\u0000end';

test.each(['json', 'pretty'] as const)(
  'control characters from outside cannot break a line or the terminal (%s)',
  async (format) => {
    const { log, lines } = await logTo(format);
    log.warn({ name: hostile, nested: { [hostile]: hostile } }, hostile);
    log.warn(hostile);
    expect(lines()).toHaveLength(2);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what it is about
    expect(lines().join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
  },
);

test('whatever text is logged, the line stays one JSON object with that text', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      fc.pre(!/gpr_|bearer|\/api\/v1/i.test(text));
      const { log, lines } = await logTo('json');
      log.info({ name: text });
      expect(lines()).toHaveLength(1);
      expect(JSON.parse(lines()[0] ?? '').name).toBe(text.toWellFormed());
    }),
  );
});

test('on a terminal lines are readable, elsewhere JSON', async () => {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  (await createLogger({ level: 'info', format: 'auto', isTerminal: true, destination })).info(
    { port: 1883 },
    'listening',
  );
  (await createLogger({ level: 'info', format: 'auto', isTerminal: false, destination })).info('listening');
  expect(written[0]).toMatch(/INFO.*listening.*"port":1883/);
  expect(JSON.parse(written[1] ?? '')).toMatchObject({ msg: 'listening' });
});

test('an error keeps its message and stack', async () => {
  const { log, lines } = await logTo('json');
  log.error({ err: new TypeError('x is not y') }, 'failed');
  const { err } = JSON.parse(lines()[0] ?? '');
  expect(err).toMatchObject({ type: 'TypeError', message: 'x is not y' });
  expect(err.stack).toContain('logger.test.ts');
});
