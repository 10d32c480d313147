import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProvisionRequest } from './request.ts';

const parse = (body: unknown) =>
  parseProvisionRequest(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
const keys = { provisionDeviceKey: 'k', provisionDeviceSecret: 's' };

test('a request with key and secret alone asks for an access token and a name', () => {
  expect(parse(keys)).toEqual({
    alg: '',
    deviceName: '',
    hasBlankName: false,
    key: 'k',
    secret: 's',
    credentialsType: 'ACCESS_TOKEN',
    token: '',
    username: '',
    password: '',
    clientId: '',
    isGateway: false,
  });
});

test('null and empty members count as absent', () => {
  const absent = parse(keys);
  for (const value of [null, '']) {
    const members = { deviceName: value, credentialsType: value, token: value, username: value, password: value };
    expect(parse({ ...keys, ...members, clientId: value, gateway: value })).toEqual(absent);
  }
});

test('the name is trimmed, and a name of blanks is not an absent name', () => {
  expect(parse({ ...keys, deviceName: '  a b\t\n' })).toMatchObject({ deviceName: 'a b', hasBlankName: false });
  expect(parse({ ...keys, deviceName: ' \t ' })).toMatchObject({ deviceName: '', hasBlankName: true });
});

test('a number is a name as it was written, however many digits it has', () => {
  const text = '{"deviceName":12345678901234567891,"provisionDeviceKey":1.0,"provisionDeviceSecret":true}';
  expect(parse(text)).toMatchObject({ deviceName: '12345678901234567891', key: '1.0', secret: 'true' });
});

test.each([
  [true, true],
  ['true', true],
  ['TRUE', true],
  [false, false],
  ['yes', false],
  [1, false],
  [null, false],
])('gateway %j is read as %s', (gateway, isGateway) => {
  expect(parse({ ...keys, gateway })).toMatchObject({ isGateway });
});

describe('what cannot be read', () => {
  test.each([
    ['an empty body', ''],
    ['no JSON', 'deviceName=x'],
    ['JSON that breaks off', '{"provisionDeviceKey":"k"'],
    ['a text', '"k"'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a name that is an object', { ...keys, deviceName: {} }],
    ['a token that is an array', { ...keys, token: ['t'] }],
    ['a gateway flag that is an object', { ...keys, gateway: {} }],
    ['a key that is an object', { ...keys, provisionDeviceKey: {} }],
  ])('%s is malformed', (_what, body) => {
    expect(parse(body)).toEqual({ malformed: expect.any(String) });
  });

  test('it may be as relaxed as ThingsBoard takes it', () => {
    const relaxed = "{deviceName:'chip',provisionDeviceKey:key,provisionDeviceSecret:secret,token=12345678901234567}";
    expect(parseProvisionRequest(Buffer.from(relaxed))).toMatchObject({
      deviceName: 'chip',
      key: 'key',
      secret: 'secret',
      token: '12345678901234567',
    });
  });

  test('bytes that are no UTF-8 are malformed', () => {
    const bytes = Buffer.concat([Buffer.from('{"provisionDeviceKey":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(parseProvisionRequest(bytes)).toEqual({ malformed: expect.stringContaining('JSON') });
  });

  test('more than 64 KiB is malformed', () => {
    expect(parse({ ...keys, deviceName: 'x'.repeat(65_536) })).toEqual({ malformed: expect.stringContaining('65536') });
  });

  test.each(['provisionDeviceKey', 'provisionDeviceSecret'])(
    'without %s the message is that of ThingsBoard, without the body',
    (field) => {
      for (const missing of [undefined, null]) {
        const body = { ...keys, token: 'very-secret', [field]: missing };
        expect(parse(body)).toEqual({ malformed: `Failed to find the field ${field} in JSON body {...}!` });
      }
    },
  );

  test('no message repeats anything of the request', () => {
    const secret = 'c0rrecthorse';
    for (const body of [
      `{"provisionDeviceSecret":"${secret}"}`,
      `{"provisionDeviceSecret":"${secret}"`,
      `"${secret}"`,
    ]) {
      expect(JSON.stringify(parse(body))).not.toContain(secret);
    }
  });
});

test('any JSON and any bytes are read without an exception', () => {
  fc.assert(fc.property(fc.json(), (json) => void parse(json)));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseProvisionRequest(bytes)));
  const hostile = fc.record({
    provisionDeviceKey: fc.jsonValue(),
    provisionDeviceSecret: fc.jsonValue(),
    deviceName: fc.jsonValue(),
    gateway: fc.jsonValue(),
  });
  fc.assert(fc.property(hostile, (body) => void parse(body)));
});
