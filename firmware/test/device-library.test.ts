import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CreateProfile } from '#contract/profiles.ts';
import { deriveDeviceKey } from '#sdk/device/jwt-proofs.ts';
import { startTestServer } from '../../sdk/test/http-server.ts';
import { createTestApp, type TestApp } from '../../server/test/create-test-app.ts';
import { buildDeviceProgram, type DeviceProgram, diedCode, type Line, missingTools } from './device-program.ts';
import { startMeddler } from './meddler.ts';

const missing = missingTools();
if (missing !== undefined) console.warn(`\n*** The C++ device library is NOT TESTED here: ${missing}. ***\n`);

/** Compiled twice: with sanitizers for what the library does, without for what it costs. */
describe.skipIf(missing !== undefined)('the C++ device library', () => {
  let testApp: TestApp;
  let program: DeviceProgram;

  beforeAll(async () => {
    program = buildDeviceProgram({ sanitize: true });
    testApp = await createTestApp();
  }, 120_000);

  afterAll(async () => {
    await testApp?.stop();
    program?.remove();
  });

  let profiles = 0;
  async function makeProfile(more: Partial<CreateProfile> = {}) {
    return testApp.client.profiles.create({
      name: `profile ${profiles++}`,
      ...more,
      provisioning: { strategy: 'ALLOW_CREATE_NEW_DEVICES', ...more.provisioning },
    });
  }

  let devices = 0;
  /** A device that has provisioned itself. */
  async function makeDevice(more: Partial<CreateProfile> = {}) {
    const { provisioning } = await makeProfile(more);
    const name = `device-${devices++}`;
    const storage = program.newStorage();
    const words = ['provision', name, provisioning.key, provisioning.secret ?? ''];
    const [provisioned, who] = (await program.run(testApp.url, storage, ...words, 'who')).lines;
    expect(provisioned).toMatchObject({ what: 'provision', status: 'ok' });
    const deviceId = who?.status ?? '';
    const run = async (...words: string[]): Promise<readonly Line[]> =>
      (await program.run(testApp.url, storage, ...words)).lines;
    return { name, storage, deviceId, run };
  }

  const latest = async (deviceId: string) => testApp.client.telemetry.latest(deviceId);

  async function valueAt(deviceId: string, key: string): Promise<unknown> {
    return (await latest(deviceId))[key]?.value;
  }

  test('provisions itself with a proof: the secret never travels', async () => {
    const { provisioning } = await makeProfile({ provisioning: { requireProof: true } });
    await using meddler = await startMeddler(testApp.url, {});
    const secret = provisioning.secret ?? '';
    const storage = program.newStorage();
    const { lines } = await program.run(
      meddler.url,
      storage,
      'provision',
      'shy "one"',
      provisioning.key,
      secret,
      'who',
    );
    expect(lines[0]).toMatchObject({ what: 'provision', status: 'ok', httpStatus: 200 });
    expect(meddler.heard.join('')).toContain('provisionProof');
    expect(meddler.heard.join('')).not.toContain(secret);
    expect(await testApp.client.devices.get(lines[1]?.status ?? '')).toMatchObject({ name: 'shy "one"' });
  });

  test('sends the secret itself to whoever wants it so', async () => {
    const { provisioning } = await makeProfile();
    const words = ['provision-plain', 'old fashioned', provisioning.key, provisioning.secret ?? ''];
    const { lines } = await program.run(testApp.url, program.newStorage(), ...words, 'telemetry', '{"a":1}');
    expect(lines.map(({ status }) => status)).toEqual(['ok', 'ok']);
  });

  test('provisions itself with a burnt-in key derived from the group key, and needs no secret', async () => {
    const profile = await makeProfile();
    const made = await testApp.request('POST', `/v1/profiles/${profile.id}/group-key`, {});
    const { groupKey } = (await made.json()) as { groupKey: string };
    const deviceKey = deriveDeviceKey(groupKey, 'burnt-1');
    await using meddler = await startMeddler(testApp.url, {});
    const words = ['provision-derived', 'burnt-1', profile.provisioning.key, deviceKey, 'telemetry', '{"a":1}'];
    const { lines } = await program.run(meddler.url, program.newStorage(), ...words);
    expect(lines.map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect(meddler.heard.join('')).not.toContain(deviceKey);
  });

  test('a wrong secret and a stranger who answers in the place of the server give no identity', async () => {
    const { provisioning } = await makeProfile();
    const words = ['provision', 'unlucky', provisioning.key];
    const wrong = await program.run(testApp.url, program.newStorage(), ...words, 'not the secret');
    expect(wrong.lines[0]).toMatchObject({ status: 'refused', code: 'NOT_FOUND' });
    await using meddler = await startMeddler(testApp.url, {
      answer: (text) => text.replace(/"deviceId":"./, '"deviceId":"x'),
    });
    const storage = program.newStorage();
    const { lines } = await program.run(meddler.url, storage, ...words, provisioning.secret ?? '', 'telemetry', '{}');
    expect(lines.map(({ status }) => status)).toEqual(['untrusted', 'notProvisioned']);
  });

  test.each([[[]], [['--bearer']]])(
    'sends telemetry and attributes, and reads what is shared, with %j',
    async (mode) => {
      const device = await makeDevice();
      await testApp.client.attributes.write(device.deviceId, 'shared', { rate: 5 });
      const lines = await device.run(
        ...mode,
        ...['telemetry', '{"temperature":21.5}', 'attributes', '{"firmware":"1.2"}', 'shared', 'rate,none'],
      );
      expect(lines.map(({ status, httpStatus }) => [status, httpStatus])).toEqual(Array(3).fill(['ok', 200]));
      expect(JSON.parse(lines[2]?.body ?? '')).toEqual({ shared: { rate: 5 } });
      expect(await valueAt(device.deviceId, 'temperature')).toBe(21.5);
      expect(await testApp.client.attributes.get(device.deviceId, 'client')).toMatchObject({
        firmware: { value: '1.2' },
      });
    },
  );

  test('waits for a change of shared attributes and believes it because it is proven', async () => {
    const device = await makeDevice();
    const waiting = device.run('next', '20000');
    // The wait must have begun; before that there is nothing to observe from outside.
    await sleep(500);
    await testApp.client.attributes.write(device.deviceId, 'shared', { valve: 'open' });
    const [line] = await waiting;
    expect(line).toMatchObject({ status: 'ok', body: '{"valve":"open"}' });
  });

  test.each([
    ['1970', 1000],
    ['ten years ahead', Date.now() + 10 * 365 * 86_400_000],
    ['55 s ahead', Date.now() + 55_000],
  ])('with its clock at %s the device learns the time and goes on', async (_when, time) => {
    const device = await makeDevice();
    for (const mode of [[], ['--bearer']]) {
      const lines = await device.run(...mode, '--clock', String(time), 'telemetry', '{"a":1}', 'telemetry', '{"a":2}');
      expect(lines.map(({ status }) => status)).toEqual(['ok', 'ok']);
    }
  });

  test('carries the nonce that a strict profile asks for', async () => {
    const device = await makeDevice({ requireNonce: true, minAuth: 'signed' });
    const lines = await device.run('telemetry', '{"a":1}', 'telemetry', '{"a":2}');
    expect(lines.map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect((await device.run('--bearer', 'telemetry', '{"a":3}'))[0]).toMatchObject({ code: 'auth_too_weak' });
  });

  test('a value that is changed on the way is not taken', async () => {
    const device = await makeDevice();
    await using meddler = await startMeddler(testApp.url, { request: (text) => text.replace('{"a":1}', '{"a":9}') });
    const { lines } = await program.run(meddler.url, device.storage, 'telemetry', '{"a":1}');
    expect(lines[0]).toMatchObject({ status: 'refused', httpStatus: 401, code: 'request_mismatch' });
    expect(await latest(device.deviceId)).toEqual({});
  });

  test.each<[string, (text: string) => string]>([
    ['changed', (text) => text.replace('"rate":5', '"rate":6')],
    ['stripped of its proof', (text) => text.replace(/device-proof: \S+\r\n/i, '')],
    ['of another request', (text) => text.replace(/(device-proof: )..../i, '$1AAAA')],
    ['with another status', (text) => text.replace('HTTP/1.1 200', 'HTTP/1.1 201')],
  ])('an answer %s on the way is not believed', async (_what, answer) => {
    const device = await makeDevice();
    await testApp.client.attributes.write(device.deviceId, 'shared', { rate: 5 });
    await using meddler = await startMeddler(testApp.url, { answer });
    const { lines } = await program.run(meddler.url, device.storage, 'shared', 'rate');
    expect(lines[0]).toMatchObject({ status: 'untrusted', body: '' });
  });

  test('renews its key over plain HTTP without the key travelling; the old one ends with the first use', async () => {
    const device = await makeDevice();
    await using meddler = await startMeddler(testApp.url, {});
    const { lines } = await program.run(
      ...([meddler.url, device.storage, 'who', 'renew', 'who', 'telemetry', '{"a":1}', 'who'] as const),
    );
    const [before, renewed, between, sent, after] = lines;
    expect([renewed?.status, sent?.status]).toEqual(['ok', 'ok']);
    expect(renewed?.body).toContain('"salt"');
    expect(meddler.heard.join('')).not.toContain('"key"');
    // who: device id, instance, current key, next key
    expect(between).toMatchObject({ code: before?.code });
    expect(between?.body).not.toBe('');
    expect(after).toMatchObject({ code: between?.body, body: '' });
  });

  test('a power cut at any step of a renewal locks nobody out and loses no stored value', async () => {
    const whole = await (await makeDevice()).run('renew', 'telemetry', '{"a":1}', 'steps');
    const steps = Number(whole[2]?.status);
    expect(steps).toBeGreaterThan(8);
    for (let step = 1; step <= steps; step++) {
      const device = await makeDevice();
      const words = ['--die-at', String(step), 'renew', 'telemetry', '{"a":1}'];
      const { exitCode } = await program.run(testApp.url, device.storage, ...words);
      expect({ step, exitCode }).toEqual({ step, exitCode: diedCode });
      const lines = await device.run('telemetry', '{"a":2}', 'renew', 'telemetry', '{"a":3}', 'who');
      expect({ step, statuses: lines.slice(0, 3).map(({ status }) => status) }).toEqual({
        step,
        statuses: ['ok', 'ok', 'ok'],
      });
      // Nothing waits any more: the new key is the key.
      expect(lines[3]?.body).toBe('');
      expect(await valueAt(device.deviceId, 'a')).toBe(3);
    }
  }, 120_000);

  test('cuts one after the other do not add up to a lock-out', async () => {
    const device = await makeDevice();
    for (let step = 1; step <= 30; step++) {
      const die = ['--die-at', String(1 + ((step * 7) % 19))];
      const time = ['--clock', String(Date.now())];
      await program.run(testApp.url, device.storage, ...time, ...die, 'renew', 'telemetry', '{"a":1}');
    }
    const lines = await device.run('--clock', String(Date.now()), 'telemetry', '{"a":2}');
    expect(lines[0]).toMatchObject({ status: 'ok', code: '' });
  }, 120_000);

  test('restarts within one second, of which the date knows no parts, do not look like replays', async () => {
    const device = await makeDevice();
    for (let start = 0; start < 4; start++) {
      expect((await device.run('telemetry', '{"a":1}'))[0]).toMatchObject({ status: 'ok' });
    }
  });

  test('forged refusals of a new key do not make the device forget it', async () => {
    const device = await makeDevice();
    await device.run('renew');
    // The server has seen the new key; the device never heard of it.
    await using deaf = await startMeddler(testApp.url, { answer: () => '' });
    await program.run(deaf.url, device.storage, 'telemetry', '{"a":1}');
    const refusal = '{"code":"invalid_token","status":401}';
    await using forger = await startTestServer((_request, response) => response.writeHead(401).end(refusal));
    const { lines } = await program.run(forger.url, device.storage, 'telemetry', '{"a":1}');
    expect(lines[0]).toMatchObject({ status: 'refused', code: 'invalid_token' });
    expect((await device.run('telemetry', '{"a":2}'))[0]).toMatchObject({ status: 'ok' });
  });

  test('no answer that a stranger makes up is believed, nor does it break the program', async () => {
    const device = await makeDevice();
    const before = (await device.run('who'))[0];
    const head = fc.constantFrom(
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 401 Unauthorized\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 204 No Content\r\n',
      'HTTP/1.0 200\r\n',
      'HTTP/1.1 999 ?\r\n',
      'HTTP/1.1\r\n',
    );
    const header = fc.oneof(
      fc.constantFrom(
        'Content-Length: 5\r\n',
        'Content-Length: 99999999999999999999\r\n',
        'Transfer-Encoding: chunked\r\n',
        'Device-Proof: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n',
        'Date: Sat, 31 Feb 9999 99:99:99 GMT\r\n',
        'Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n',
        'Retry-After: 4\r\n',
        'no colon\r\n',
      ),
      fc.string({ maxLength: 300 }).map((text) => `Device-Nonce: ${text}\r\n`),
    );
    const body = fc.oneof(
      fc.constantFrom(
        '{"code":"stale_token"}',
        '{"code":"use_nonce"}',
        '{"code":"replayed"}',
        '{"code":"invalid_token"}',
        '{"kid":"x","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}',
        '5\r\nhello\r\n0\r\n\r\n',
        'fffffff\r\n',
        '{"code":"',
        '{"code":',
        `{"a":${'['.repeat(500)}`,
      ),
      fc.string({ maxLength: 2000 }),
    );
    const answers = fc.array(fc.tuple(head, fc.array(header, { maxLength: 6 }), body), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(answers, async (parts) => {
        let asked = 0;
        await using stranger = await startTestServer((_request, response) => {
          const [start, headers, text] = parts[asked++ % parts.length] ?? ['', [], ''];
          response.socket?.end(Buffer.from(`${start}${headers.join('')}\r\n${text}`));
        });
        const words = ['telemetry', '{"a":1}', 'shared', 'rate', 'renew', 'who'];
        const { exitCode, lines } = await program.run(stranger.url, device.storage, ...words);
        expect(exitCode).toBe(0);
        expect(lines.slice(0, 3).map(({ status }) => status)).not.toContain('ok');
        expect(lines[3]).toEqual(before);
      }),
      { numRuns: 60 },
    );
    expect((await device.run('telemetry', '{"a":1}'))[0]).toMatchObject({ status: 'ok' });
  }, 120_000);

  test('takes nothing from the heap while it sends, and few kilobytes of memory', async () => {
    const lean = buildDeviceProgram({ sanitize: false });
    try {
      const device = await makeDevice();
      for (const mode of [[], ['--bearer']]) {
        const { lines } = await lean.run(testApp.url, device.storage, ...mode, 'measure', '200');
        const [measured] = lines;
        console.info(
          `device program ${mode}: ${lean.textBytes} bytes of code, ${measured?.code} bytes of device object`,
        );
        // measure: good requests, allocations, size of the device object, allocations before (the count works)
        expect(measured).toMatchObject({ status: '200', httpStatus: 0 });
        expect(Number(measured?.body)).toBeGreaterThan(0);
        expect(Number(measured?.code)).toBeLessThan(4096);
      }
    } finally {
      lean.remove();
    }
  }, 60_000);
});
