import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { startDeviceHttpServer } from '../../../test/device-http-server.ts';
import { AppError } from '../../errors.ts';

const problem = async (response: Response): Promise<Record<string, unknown>> => {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const body = (await response.json()) as Record<string, unknown>;
  expect(body['status']).toBe(response.status);
  return body;
};

describe('uplinks (reference §1.9)', () => {
  test.each(['telemetry', 'attributes'] as const)('POST %s is 200 with an empty body', async (kind) => {
    await using server = await startDeviceHttpServer();
    const response = await server.send('POST', `/T/${kind}`, '{"a":1}');
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
    expect(response.headers.get('date')).not.toBeNull();
    expect(server.uplinks).toMatchObject([{ kind, deviceId: 'device-T', text: '{"a":1}' }]);
    expect(await server.messages()).toEqual({ [`http ${kind}`]: 1 });
  });

  test('200 is sent only after the commit', async () => {
    await using server = await startDeviceHttpServer();
    server.control.holds = true;
    let answered = false;
    const answer = server.send('POST', '/T/telemetry', '{"a":1}').then((response) => {
      answered = true;
      return response;
    });
    await vi.waitFor(() => expect(server.uplinks).toHaveLength(1));
    for (let i = 0; i < 20; i++) await turn();
    expect(answered).toBe(false);
    server.uplinks[0]?.acknowledge(undefined);
    expect((await answer).status).toBe(200);
  });

  test('the content type does not matter, and a body in many pieces is one', async () => {
    await using server = await startDeviceHttpServer();
    const answer = await server.sendRaw(
      'POST /api/v1/T/telemetry HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n',
      'Transfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n',
      '3\r\n:1}\r\n0\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(server.uplinks[0]?.text).toBe('{"a":1}');
  });

  test('requests that are pipelined are answered in their order', async () => {
    await using server = await startDeviceHttpServer();
    server.control.holds = true;
    const request = (token: string, end: string): string =>
      `POST /api/v1/${token}/telemetry HTTP/1.1\r\nHost: x\r\n${end}Content-Length: 2\r\n\r\n{}`;
    const answer = server.sendRaw(request('T', ''), request('unknown', 'Connection: close\r\n'));
    await vi.waitFor(() => expect(server.asked).toHaveLength(2));
    server.uplinks[0]?.acknowledge(undefined);
    expect((await answer).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401']);
  });

  test.each([
    ['invalid_payload', 400, null],
    ['rate_limited', 429, '2'],
    ['overloaded', 503, '2'],
    ['storage_unavailable', 503, '2'],
  ] as const)('what ingest refuses as %s is a problem with status %i', async (code, status, retryAfter) => {
    await using server = await startDeviceHttpServer();
    server.control.refusal = { code, detail: 'Why.', ...(retryAfter !== null && { retryAfterMs: 1001 }) };
    const response = await server.send('POST', '/T/telemetry', 'x');
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    expect(await problem(response)).toMatchObject({ code, detail: 'Why.' });
    expect(await server.messages()).toEqual({});
    // Ingest counts its own.
    expect(await server.rejections()).toEqual({});
  });

  test('a server that is saturated says so before it reads', async () => {
    await using server = await startDeviceHttpServer();
    server.control.saturated = true;
    const response = await server.send('POST', '/T/telemetry', '{}');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect((await problem(response))['code']).toBe('overloaded');
    expect(server.uplinks).toEqual([]);
  });

  test('a client that goes away before its commit disturbs nothing', async () => {
    await using server = await startDeviceHttpServer();
    server.control.holds = true;
    const socket = server.connect();
    socket.write('POST /api/v1/T/telemetry HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}');
    await vi.waitFor(() => expect(server.uplinks).toHaveLength(1));
    socket.destroy();
    await turn();
    server.uplinks[0]?.acknowledge(undefined);
    server.control.holds = false;
    expect((await server.send('POST', '/T/telemetry', '{}')).status).toBe(200);
  });

  test('a fault of ours is a problem without its reason, and is logged', async () => {
    await using server = await startDeviceHttpServer();
    server.control.gateFault = new Error('secret path');
    const response = await server.send('POST', '/T/telemetry', '{}');
    expect(response.status).toBe(500);
    expect(JSON.stringify(await problem(response))).not.toContain('secret');
    expect(server.logged).toMatchObject([{ err: { message: 'secret path' } }]);
  });
});

describe('size limits', () => {
  const limits = { maxBodyBytes: 100, maxProvisionBytes: 50 };

  test.each([
    ['/T/telemetry', 100],
    ['/T/attributes', 100],
    ['/provision', 50],
  ])('POST %s takes %i bytes and no more', async (path, limit) => {
    await using server = await startDeviceHttpServer(limits);
    expect((await server.send('POST', path, 'x'.repeat(limit))).status).toBe(200);
    const response = await server.send('POST', path, 'x'.repeat(limit + 1));
    expect(response.status).toBe(413);
    expect(await problem(response)).toMatchObject({
      code: 'payload_too_large',
      detail: `The payload exceeds the limit of ${limit} bytes.`,
    });
    expect(await server.rejections()).toEqual({ 'device_http payload_too_large': 1 });
    expect(server.uplinks.length + server.provisionRequests.length).toBe(1);
  });

  test('a sender sees the answer although most of its body is still on the way', async () => {
    await using server = await startDeviceHttpServer(limits);
    const response = await server.send('POST', '/T/telemetry', 'x'.repeat(8 * 1024 * 1024));
    expect(response.status).toBe(413);
    expect(response.headers.get('connection')).toBe('close');
  });

  test('a body of unknown length is cut where it exceeds the limit', async () => {
    await using server = await startDeviceHttpServer(limits);
    const socket = server.connect().setEncoding('latin1');
    socket.write('POST /api/v1/T/telemetry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    socket.write(`65\r\n${'x'.repeat(0x65)}\r\n`);
    const [answer] = await new Promise<string[]>((resolve) =>
      socket.once('data', (...data: string[]) => resolve(data)),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    // It never ends its body: the connection ends anyway.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    server.clock.advance(2000);
    await closed;
  });
});

describe('who it is', () => {
  test.each(['telemetry', 'attributes'])('POST %s with an unknown token is 401 with an empty body', async (kind) => {
    await using server = await startDeviceHttpServer();
    const response = await server.send('POST', `/nobody/${kind}`, '{}');
    expect(response.status).toBe(401);
    expect(await response.text()).toBe('');
    expect(await server.rejections()).toEqual({ 'device_http invalid_credentials': 1 });
  });

  test.each(['/nobody/attributes', '/nobody/attributes/updates'])('GET %s as well', async (path) => {
    await using server = await startDeviceHttpServer();
    const response = await server.send('GET', path);
    expect([response.status, await response.text()]).toEqual([401, '']);
  });

  test.each(['%ZZ', '%C3%28', '%', 'x'.repeat(511), ''])(
    'the token "%s" is no token and is not looked up',
    async (token) => {
      await using server = await startDeviceHttpServer();
      const response = await server.send('POST', `/${token}/telemetry`, '{}');
      expect([response.status, await response.text()]).toEqual([401, '']);
      expect(server.asked).toEqual([]);
    },
  );

  test('the token is percent-decoded', async () => {
    await using server = await startDeviceHttpServer();
    server.gateAnswers.set('é+%', 'in');
    expect((await server.send('POST', `/${encodeURIComponent('é+%')}/telemetry`, '{}')).status).toBe(200);
    expect(server.asked[0]).toEqual({
      token: 'é+%',
      arrival: { transport: 'http', secure: false, address: '127.0.0.1' },
    });
  });

  test('a gate that has to look the token up is waited for', async () => {
    await using server = await startDeviceHttpServer();
    server.control.gateIsSlow = true;
    expect((await server.send('POST', '/T/telemetry', '{}')).status).toBe(200);
    expect((await server.send('POST', '/nobody/telemetry', '{}')).status).toBe(401);
  });

  test.each([
    ['device_disabled', 403],
    ['https_required', 403],
    ['auth_too_weak', 403],
    ['rate_limited', 429],
  ] as const)('a device that the gate refuses as %s gets %i', async (refused, status) => {
    await using server = await startDeviceHttpServer();
    server.gateAnswers.set('X', refused);
    const response = await server.send('POST', '/X/telemetry', '{}');
    expect(response.status).toBe(status);
    expect((await problem(response))['code']).toBe(refused);
    expect(await server.rejections()).toEqual({ [`device_http ${refused}`]: 1 });
  });

  test('an address that shows too many unknown tokens waits, and the gate is left alone', async () => {
    await using server = await startDeviceHttpServer({ failedTokens: [{ count: 3, periodMs: 60_000 }] });
    await server.send('POST', '/T/telemetry', '{}');
    for (let i = 0; i < 3; i++) expect((await server.send('POST', `/no${i}/telemetry`, '{}')).status).toBe(401);
    const asked = server.asked.length;
    const response = await server.send('POST', '/no9/telemetry', '{}');
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('20');
    expect((await problem(response))['code']).toBe('rate_limited');
    expect(server.asked).toHaveLength(asked);
    expect(await server.rejections()).toMatchObject({ 'device_http rate_limited': 1 });
    // Its neighbour behind the same address was right before and goes on.
    expect((await server.send('POST', '/T/telemetry', '{}')).status).toBe(200);
    server.clock.advance(20_000);
    expect((await server.send('POST', '/no9/telemetry', '{}')).status).toBe(401);
  });

  test.each([
    ['POST', '/telemetry'],
    ['POST', '/attributes'],
    ['GET', '/attributes?clientKeys=a'],
    ['GET', '/attributes/updates'],
    ['POST', '/rpc/5'],
  ])('%s %s without a token is 401 missing_token', async (method, path) => {
    await using server = await startDeviceHttpServer();
    const response = await server.send(method, path, method === 'POST' ? '{}' : undefined);
    expect(response.status).toBe(401);
    expect((await problem(response))['code']).toBe('missing_token');
    expect(server.asked).toEqual([]);
  });

  test('a device whose token is named like a path is a device', async () => {
    await using server = await startDeviceHttpServer();
    server.gateAnswers.set('telemetry', 'in');
    expect((await server.send('POST', '/telemetry/telemetry', '{}')).status).toBe(200);
  });
});

describe('paths and methods', () => {
  test('it owns /api/v1 and what is below, nothing else', async () => {
    await using server = await startDeviceHttpServer();
    const { owns } = server.api;
    expect(['/api/v1', '/api/v1/', '/api/v1?x', '/api/v1/T/telemetry'].map(owns)).toEqual([true, true, true, true]);
    expect(['/', '/api', '/api/v10/x', '/v1/devices', '/API/v1/x'].map(owns)).toEqual(Array(5).fill(false));
  });

  test.each(['', '/', '?x=1', '/T', '/T/', '/T/nothing', '/T/telemetry/', '/T/attributes/update', '/T/telemetry%2f'])(
    '/api/v1%s is 404',
    async (path) => {
      await using server = await startDeviceHttpServer();
      const response = await server.send('GET', path);
      expect(response.status).toBe(404);
      expect((await problem(response))['code']).toBe('not_found');
    },
  );

  test.each(['rpc', 'rpc/1', 'claim', 'firmware', 'software'])('/%s says that it comes later', async (path) => {
    await using server = await startDeviceHttpServer();
    const response = await server.send('POST', `/T/${path}`, '{}');
    expect(response.status).toBe(404);
    expect(await problem(response)).toMatchObject({
      code: 'not_found',
      detail: `This version of Gapura does not serve /api/v1/{token}/${path} yet.`,
    });
  });

  test.each([
    ['GET', '/T/telemetry', 'POST, OPTIONS'],
    ['DELETE', '/T/attributes', 'GET, POST, OPTIONS'],
    ['POST', '/T/attributes/updates', 'GET, OPTIONS'],
    ['GET', '/provision', 'POST, OPTIONS'],
    ['PUT', '/T/telemetry', 'POST, OPTIONS'],
  ])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
    await using server = await startDeviceHttpServer();
    const response = await server.send(method, path, method === 'GET' ? undefined : '{}');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect((await problem(response))['code']).toBe('method_not_allowed');
  });

  test('OPTIONS lists the methods, HEAD is answered without a body', async () => {
    await using server = await startDeviceHttpServer();
    const options = await server.send('OPTIONS', '/T/attributes');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, POST, OPTIONS']);
    const head = await server.send('HEAD', '/T/attributes');
    expect([head.status, await head.text()]).toEqual([405, '']);
  });
});

describe('GET attributes (reference §1.9)', () => {
  const value = (json: string) => ({ value: JSON.parse(json), updatedAt: 1 });
  const withValues = async () => {
    const server = await startDeviceHttpServer();
    server.stored.set(
      'client',
      new Map([
        ['a', value('1')],
        ['__proto__', value('"p"')],
      ]),
    );
    server.stored.set(
      'shared',
      new Map([
        ['c', value('{"x":[true]}')],
        ['d,e', value('2')],
      ]),
    );
    server.stored.set('server', new Map([['active', value('true')]]));
    return server;
  };

  test.each([
    ['', '{"client":{"a":1,"__proto__":"p"},"shared":{"c":{"x":[true]},"d,e":2}}'],
    ['?clientKeys=a,b&sharedKeys=c', '{"client":{"a":1},"shared":{"c":{"x":[true]}}}'],
    ['?clientKeys=a', '{"client":{"a":1}}'],
    ['?sharedKeys=c', '{"shared":{"c":{"x":[true]}}}'],
    ['?clientKeys=nothing&sharedKeys=c', '{"shared":{"c":{"x":[true]}}}'],
    ['?clientKeys=nothing', '{}'],
    ['?clientKeys=active&sharedKeys=active', '{}'],
    ['?clientKeys=&sharedKeys=', '{"client":{"a":1,"__proto__":"p"},"shared":{"c":{"x":[true]},"d,e":2}}'],
    ['?clientKeys=%61', '{"client":{"a":1}}'],
    ['?clientKeys=%ZZ', '{}'],
  ])('%s answers %s', async (query, body) => {
    await using server = await withValues();
    const response = await server.send('GET', `/T/attributes${query}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe(body);
    expect(server.touched).toEqual(['device-T']);
  });

  test('a device without attributes gets {}', async () => {
    await using server = await startDeviceHttpServer();
    expect(await (await server.send('GET', '/T/attributes')).text()).toBe('{}');
  });

  test('a database that fails is a problem', async () => {
    await using server = await startDeviceHttpServer();
    server.control.readFault = new AppError('storage_unavailable');
    expect((await server.send('GET', '/T/attributes')).status).toBe(503);
  });
});

describe('POST provision (reference §1.5, HTTP)', () => {
  test.each(['SUCCESS', 'NOT_FOUND', 'FAILURE'] as const)('%s is 200 with the body as it is', async (status) => {
    await using server = await startDeviceHttpServer();
    server.control.provisioned = { kind: 'answered', body: { credentialsValue: 'x', status } };
    const response = await server.send('POST', '/provision', '{"provisionDeviceKey":"k"}');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe(`{"credentialsValue":"x","status":"${status}"}`);
    expect(server.provisionRequests).toEqual(['{"provisionDeviceKey":"k"}']);
    expect(await server.messages()).toEqual({ 'http provision': 1 });
  });

  test('a request that cannot be read is 500 in the shape of ThingsBoard', async () => {
    await using server = await startDeviceHttpServer();
    const message = 'Failed to find the field provisionDeviceKey in JSON body {...}!';
    server.control.provisioned = { kind: 'malformed', message };
    const response = await server.send('POST', '/provision', '{}');
    expect(response.status).toBe(500);
    expect(await response.text()).toBe(
      JSON.stringify({ status: 500, message, errorCode: 2, timestamp: server.clock.now() }),
    );
    expect(await server.rejections()).toEqual({ 'device_http invalid_payload': 1 });
  });

  test('too many requests are 429 with the time to wait', async () => {
    await using server = await startDeviceHttpServer();
    server.control.provisioned = { kind: 'rate_limited', retryAfterMs: 2500 };
    const response = await server.send('POST', '/provision', '{}');
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '3']);
    expect((await problem(response))['code']).toBe('rate_limited');
  });

  test('a provisioner that fails is 500 without the reason', async () => {
    await using server = await startDeviceHttpServer();
    server.control.provisioned = new Error('secret');
    const response = await server.send('POST', '/provision', '{}');
    expect(response.status).toBe(500);
    expect(JSON.stringify(await problem(response))).not.toContain('secret');
  });
});

describe('stop', () => {
  test('answers what is under way and refuses what comes', async () => {
    await using server = await startDeviceHttpServer();
    server.control.holds = true;
    const first = server.send('POST', '/T/telemetry', '{}');
    await vi.waitFor(() => expect(server.uplinks).toHaveLength(1));
    let isStopped = false;
    const stopped = server.api.stop().then(() => {
      isStopped = true;
    });
    const refused = await server.send('POST', '/T/telemetry', '{}');
    expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
    expect((await problem(refused))['code']).toBe('shutting_down');
    expect(isStopped).toBe(false);
    server.uplinks[0]?.acknowledge(undefined);
    await stopped;
    expect((await first).status).toBe(200);
  });
});
