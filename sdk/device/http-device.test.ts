import { describe, expect, test } from 'vitest';
import { answerJson, startTestServer } from '../test/http-server.ts';
import { fetchDeviceHttp } from './http.ts';
import { createHttpDevice, DeviceRefused } from './http-device.ts';
import { createNodeDeviceHttp } from './node-http.ts';
import { ProvisionError, provisionOverHttp } from './provision.ts';

const request = { deviceName: 'a', provisionDeviceKey: 'key', provisionDeviceSecret: 'secret' };

describe.each([
  ['fetch', () => ({ ...fetchDeviceHttp(), close: () => {} })],
  ['node:http', () => createNodeDeviceHttp({ maxConnections: 2 })],
])('over %s', (_name, createHttp) => {
  test('telemetry and attributes go to the token in the path as JSON', async () => {
    await using server = await startTestServer((_request, response) => response.end());
    const http = createHttp();
    const device = createHttpDevice(`${server.url}/`, 'tok/en', http);
    await device.postTelemetry({ ts: 1, values: { grüße: '±' } });
    await device.postAttributes({ firmware: '1' });
    expect(server.seen.map(({ method, url, body }) => ({ method, url, body }))).toEqual([
      { method: 'POST', url: '/api/v1/tok%2Fen/telemetry', body: '{"ts":1,"values":{"grüße":"±"}}' },
      { method: 'POST', url: '/api/v1/tok%2Fen/attributes', body: '{"firmware":"1"}' },
    ]);
    http.close();
  });

  test('a refusal carries its status and when to come back', async () => {
    await using server = await startTestServer((_request, response) =>
      response.writeHead(429, { 'retry-after': '2' }).end(),
    );
    const http = createHttp();
    const refused = createHttpDevice(server.url, 'token', http).postTelemetry({ a: 1 });
    await expect(refused).rejects.toMatchObject({ name: 'DeviceRefused', status: 429, retryAfterMs: 2000 });
    await expect(refused).rejects.toBeInstanceOf(DeviceRefused);
    http.close();
  });

  test('attributes are asked for by name, and a long poll that ends empty is undefined', async () => {
    await using server = await startTestServer((request, response) => {
      if (request.url.includes('updates')) response.writeHead(408).end();
      else answerJson(response, 200, { shared: { rate: 5 } });
    });
    const http = createHttp();
    const device = createHttpDevice(server.url, 'token', http);
    expect(await device.getAttributes({ clientKeys: ['a', 'b'], sharedKeys: ['rate'] })).toEqual({
      shared: { rate: 5 },
    });
    expect(await device.nextAttributeUpdate(10)).toBeUndefined();
    expect(server.seen.map(({ url }) => url)).toEqual([
      '/api/v1/token/attributes?clientKeys=a%2Cb&sharedKeys=rate',
      '/api/v1/token/attributes/updates?timeout=10',
    ]);
    http.close();
  });

  test('a provisioning refusal is an answer, a broken one an error', async () => {
    await using server = await startTestServer((_request, response, index) => {
      if (index === 0) answerJson(response, 200, { status: 'FAILURE', errorMsg: 'Failed to provision device!' });
      else if (index === 1) response.writeHead(429, { 'retry-after': '1' }).end();
      else answerJson(response, 200, { status: 'SUCCESS', credentialsType: 'ACCESS_TOKEN' });
    });
    const http = createHttp();
    expect(await provisionOverHttp(server.url, request, http)).toMatchObject({ status: 'FAILURE' });
    await expect(provisionOverHttp(server.url, request, http)).rejects.toMatchObject({
      status: 429,
      retryAfterMs: 1000,
    });
    await expect(provisionOverHttp(server.url, request, http)).rejects.toBeInstanceOf(ProvisionError);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual(request);
    http.close();
  });
});
