import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient } from '#sdk/client.ts';
import { makeApiKey, ownerEmail, ownerPassword } from './create-test-app.ts';
import { type GapuraProcess, startGapuraProcess } from './gapura-process.ts';

let dataDir: string;
let gapura: GapuraProcess;
let apiKey: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'gapura-crash-'));
  gapura = await startGapuraProcess(dataDir, { GAPURA_OWNER_EMAIL: ownerEmail, GAPURA_OWNER_PASSWORD: ownerPassword });
  apiKey = await makeApiKey(gapura.url, ownerEmail, ownerPassword, 'owner');
});

afterEach(async () => {
  if (gapura.child.exitCode === null && gapura.child.signalCode === null) await gapura.kill();
  await rm(dataDir, { recursive: true });
});

const baseMs = Date.UTC(2026, 0, 1);
const killedAfterMs = [30, 90, 160, 240, 350];

/** Every timestamp that the store has of a key. */
async function storedTimes(deviceId: string, key: string): Promise<Set<number>> {
  const text = await (
    await fetch(
      `${gapura.url}/v1/devices/${deviceId}/telemetry?keys=${key}&from=${baseMs}&to=${baseMs + 10_000_000}&format=ndjson`,
      { headers: { authorization: `Bearer ${apiKey}` } },
    )
  ).text();
  return new Set(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { ts: number }).ts),
  );
}

describe('kill -9 in the middle of a stream', () => {
  test.each(killedAfterMs)('loses nothing that was acknowledged over MQTT and HTTP (after %i ms)', async (afterMs) => {
    const client = createClient({ baseUrl: gapura.url, apiKey });
    const [overMqtt, overHttp] = await Promise.all(
      ['over-mqtt', 'over-http'].map((name) =>
        client.devices.create({ name, credentials: { type: 'ACCESS_TOKEN', token: `token-${name}` } }),
      ),
    );
    if (overMqtt === undefined || overHttp === undefined) throw new Error('unreachable');

    const acknowledged = { mqtt: new Set<number>(), http: new Set<number>() };
    const connection = await mqtt.connectAsync(gapura.mqttUrl, { username: 'token-over-mqtt', reconnectPeriod: 0 });
    connection.on('error', () => {});
    let isAlive = true;
    let next = 0;
    const publish = (): void => {
      if (!isAlive) return;
      const ts = baseMs + next++;
      connection.publish('v1/devices/me/telemetry', `{"ts":${ts},"values":{"n":${next}}}`, { qos: 1 }, (error) => {
        if (error) return;
        acknowledged.mqtt.add(ts);
        publish();
      });
    };
    for (let i = 0; i < 50; i++) publish();

    const post = async (): Promise<void> => {
      for (let i = 0; isAlive; i++) {
        const ts = baseMs + i;
        const answer = await fetch(`${gapura.url}/api/v1/token-over-http/telemetry`, {
          method: 'POST',
          body: `{"ts":${ts},"values":{"n":${i}}}`,
        }).catch(() => undefined);
        if (answer?.status === 200) acknowledged.http.add(ts);
        else return;
      }
    };
    const posting = post();

    await expect.poll(() => Math.min(acknowledged.mqtt.size, acknowledged.http.size), { timeout: 20_000 }).not.toBe(0);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await gapura.kill();
    isAlive = false;
    connection.end(true);
    await posting;
    expect(acknowledged.mqtt.size).toBeGreaterThan(0);
    expect(acknowledged.http.size).toBeGreaterThan(0);

    gapura = await startGapuraProcess(dataDir);
    const [storedOverMqtt, storedOverHttp] = [await storedTimes(overMqtt.id, 'n'), await storedTimes(overHttp.id, 'n')];
    expect(acknowledged.mqtt.difference(storedOverMqtt)).toEqual(new Set());
    expect(acknowledged.http.difference(storedOverHttp)).toEqual(new Set());
  });

  test('keeps every device that got its credentials, each once', async () => {
    const client = createClient({ baseUrl: gapura.url, apiKey });
    const profile = await client.profiles.create({
      name: 'fleet',
      provisioning: { strategy: 'ALLOW_CREATE_NEW_DEVICES' },
    });
    const tokens = new Map<string, string>();
    const provisioning = Promise.allSettled(
      Array.from({ length: 400 }, async (_, i) => {
        const answer = await fetch(`${gapura.url}/api/v1/provision`, {
          method: 'POST',
          body: JSON.stringify({
            deviceName: `device-${i}`,
            provisionDeviceKey: profile.provisioning.key,
            provisionDeviceSecret: profile.provisioning.secret,
          }),
        });
        const body = (await answer.json()) as { status: string; credentialsValue: string };
        if (body.status === 'SUCCESS') tokens.set(`device-${i}`, body.credentialsValue);
        // The first answers are out: the power goes.
        if (tokens.size === 20) gapura.child.kill('SIGKILL');
      }),
    );
    await provisioning;
    await gapura.kill();
    expect(tokens.size).toBeGreaterThanOrEqual(20);

    gapura = await startGapuraProcess(dataDir);
    for (const [name, token] of tokens) {
      const answer = await fetch(`${gapura.url}/api/v1/${token}/telemetry`, { method: 'POST', body: '{"alive":true}' });
      expect([name, answer.status]).toEqual([name, 200]);
    }
  });
});

test('a graceful stop ends with code 0 and says goodbye to devices', async () => {
  const client = createClient({ baseUrl: gapura.url, apiKey });
  await client.devices.create({ name: 'd', credentials: { type: 'ACCESS_TOKEN', token: 'token-d' } });
  const connection = await mqtt.connectAsync(gapura.mqttUrl, {
    username: 'token-d',
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  const goodbye = new Promise<number | undefined>((resolve) =>
    connection.on('disconnect', (packet) => resolve(packet.reasonCode)),
  );
  expect(await gapura.stop()).toBe(0);
  expect(await goodbye).toBe(0x8b);
});
