import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from './create-test-app.ts';

/** Whatever arrives: no crash, no other device disturbed, nothing stored halfway. */
let gapura: TestApp;
let witness: mqtt.MqttClient;
let witnessId: string;

beforeAll(async () => {
  gapura = await createTestApp();
  const credentials = { type: 'ACCESS_TOKEN', token: 'witness-token' } as const;
  witnessId = (await gapura.client.devices.create({ name: 'witness', credentials })).id;
  witness = await mqtt.connectAsync(gapura.mqttUrl, { username: 'witness-token', reconnectPeriod: 0 });
});

afterAll(async () => {
  await witness.endAsync();
  await gapura.stop();
});

/** Sends bytes and waits until the other side has answered with a close, or has nothing more to say. */
async function sendBytes(port: number, bytes: Uint8Array): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.end(bytes);
  });
}

async function witnessIsWell(value: number): Promise<void> {
  expect(witness.connected).toBe(true);
  await witness.publishAsync('v1/devices/me/telemetry', `{"alive":${value}}`, { qos: 1 });
  expect(await gapura.client.telemetry.latest(witnessId)).toMatchObject({ alive: { value } });
}

describe('bytes that make no sense', () => {
  test('on the MQTT port', async () => {
    const connectPacket = Uint8Array.of(0x10, 14, 0, 4, 77, 81, 84, 84, 4, 0x82, 0, 60, 0, 0, 0, 0);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((tail) => Uint8Array.from([...connectPacket, ...tail])),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => sendBytes(gapura.addresses.mqttPort, sent)),
      { numRuns: 200 },
    );
    await witnessIsWell(1);
  });

  test('on the MQTT port over TLS and the HTTPS port, without TLS', async () => {
    for (const port of [gapura.addresses.mqttsPort, gapura.addresses.httpsPort]) {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (sent) => sendBytes(port, sent)),
        { numRuns: 50 },
      );
    }
    await witnessIsWell(2);
  });

  test('on the HTTP port, in the place of a request and inside of one', async () => {
    const start = 'POST /api/v1/witness-token/telemetry HTTP/1.1\r\nHost: x\r\n';
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((tail) => Buffer.concat([Buffer.from(start), tail])),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => sendBytes(gapura.addresses.httpPort, sent)),
      { numRuns: 200 },
    );
    await witnessIsWell(3);
  });
});

describe('requests that make no sense', () => {
  test('are answered with a status below 500 on every route, whatever the body', async () => {
    const bodies = ['', '{', 'null', '[]', '"x"', '{"__proto__":{"admin":true}}', '{"name":{"$gt":""}}', '\u0000'];
    for (const { method, url } of gapura.app.routes) {
      if (method === 'GET') continue;
      if (url === '/v1/session' && method === 'DELETE') continue;
      for (const body of bodies) {
        const path = url.replace(':id', witnessId).replace(':scope', 'shared');
        if (method === 'DELETE' && path.endsWith(witnessId)) continue;
        if (path.endsWith('/rotate') || path.endsWith('/credentials')) continue;
        const answer = await fetch(gapura.url + path, {
          method,
          headers: { authorization: `Bearer ${gapura.apiKey}`, 'content-type': 'application/json' },
          ...(body !== '' && { body }),
        });
        const status = answer.status;
        await answer.body?.cancel();
        expect([method, url, body, status < 500]).toEqual([method, url, body, true]);
      }
    }
    await witnessIsWell(4);
  });

  test('with ids, cursors and filters that nobody issued', async () => {
    const strange = ["'; drop table devices; --", '%00', '..%2f..%2fetc', '%F0%9F%98%80', 'x'.repeat(600), '*', '%25'];
    for (const text of strange) {
      for (const path of [
        `/v1/devices/${text}`,
        `/v1/devices?cursor=${text}`,
        `/v1/devices?search=${text}`,
        `/v1/devices?sort=${text}`,
        `/v1/devices/${witnessId}/telemetry?keys=${text}&from=${text}`,
        `/v1/devices/${witnessId}/attributes/${text}`,
        `/v1/audit?action=${text}`,
        `/api/v1/${text}/telemetry`,
        `/${text}`,
      ]) {
        const answer = await gapura.request('GET', path);
        await answer.body?.cancel();
        expect([path, answer.status < 500]).toEqual([path, true]);
      }
    }
    await witnessIsWell(5);
  });
});

test('names that try to be HTML, formulas or log lines are kept as text and shown as text', async () => {
  const name = '<img src=x onerror=alert(1)>';
  const key = '=cmd|"/c calc"!A1';
  const device = await gapura.client.devices.create({ name, label: '"><script>alert(1)</script>' });
  await gapura.request('POST', `/v1/devices/${device.id}/telemetry`, { [key]: '=1+1', __proto__x: 1 });
  const answer = await gapura.request('GET', `/v1/devices/${device.id}`);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(await answer.json()).toMatchObject({ name });
  const csv = await (
    await gapura.request('GET', `/v1/devices/${device.id}/telemetry?keys=${encodeURIComponent(key)}&format=csv`)
  ).text();
  expect(csv).not.toMatch(/(^|,|")=/m);
});

test('a control character in a name is refused with a sentence', async () => {
  const answer = await gapura.request('POST', '/v1/devices', { name: 'line\nbreak' });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: 'invalid_request', detail: expect.stringMatching(/control/i) });
});

test('rejections are counted', async () => {
  await fetch(`${gapura.url}/api/v1/no-such-token/telemetry`, { method: 'POST', body: '{}' });
  await fetch(`${gapura.url}/api/v1/witness-token/telemetry`, { method: 'POST', body: '{' });
  const metrics = await (await fetch(`${gapura.url}/metrics`)).text();
  expect(metrics).toMatch(/gapura_rejections_total\{where="device_http",code="invalid_credentials"\} [1-9]/);
  expect(metrics).toMatch(/gapura_rejections_total\{where="[a-z_]+",code="invalid_payload"\} [1-9]/);
  expect(metrics).toMatch(/gapura_rejections_total\{where="mqtt",code="[a-z_]+"\} [1-9]/);
});
