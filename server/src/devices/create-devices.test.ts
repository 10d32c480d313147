import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RegistryApp, startRegistryApp } from '../../test/registry-app.ts';
import type { NewDevice, NewDeviceResult } from './create-devices.ts';

let app: RegistryApp;
beforeEach(async () => {
  app = await startRegistryApp();
});
afterEach(() => app.stop());

const device = (name: string, more: Partial<NewDevice> = {}): NewDevice => ({
  tenantId: 't1',
  profileId: app.profileId,
  name,
  credentials: { generate: 'ACCESS_TOKEN' },
  ...more,
});

const outcome = (result: NewDeviceResult): string => ('refused' in result ? result.refused : 'made');
const make = async (...requests: NewDevice[]): Promise<string[]> =>
  (await app.creator.createDevices(requests)).map(outcome);
const names = async (): Promise<string[]> =>
  (await app.db.selectFrom('devices').select('name').orderBy('name').execute()).map((row) => row.name);

describe('creating devices', () => {
  test('makes each with its credentials and attributes, and says so on the bus', async () => {
    const [made] = await app.creator.createDevices([
      device('  Pump 1 ', {
        label: 'Kolam',
        description: 'two\nlines',
        isGateway: true,
        enabled: false,
        credentials: { type: 'MQTT_BASIC', clientId: 'c', userName: 'u', password: 'p' },
        serverAttributes: { provisionState: 'provisioned' },
        sharedAttributes: { interval: 5, nested: { a: [1] } },
      }),
    ]);
    if (made === undefined || 'refused' in made) throw new Error('not made');
    expect(await app.devices.get('t1', made.deviceId)).toEqual({
      id: made.deviceId,
      name: 'Pump 1',
      label: 'Kolam',
      description: 'two\nlines',
      isGateway: true,
      enabled: false,
      profileId: app.profileId,
      profileName: 'default',
      active: false,
      lastConnectTime: null,
      lastActivityTime: null,
      lastDisconnectTime: null,
      connection: null,
      createdAt: app.clock.now(),
      updatedAt: app.clock.now(),
    });
    expect(await app.credentials.read('t1', made.deviceId)).toMatchObject({
      id: made.credentialsId,
      credentials: made.credentials,
    });
    const ref = { tenantId: 't1', deviceId: made.deviceId };
    expect((await app.attributes.read(ref, 'server')).get('provisionState')?.value).toBe('provisioned');
    expect((await app.attributes.read(ref, 'shared')).get('nested')?.value).toEqual({ a: [1] });
    expect(app.heard).toEqual([{ kind: 'device.created', ...ref }]);
  });

  test('generates credentials of either type, different for each device', async () => {
    const made = await app.creator.createDevices([
      device('a'),
      device('b'),
      device('c', { credentials: { generate: 'MQTT_BASIC' } }),
    ]);
    expect(made).toMatchObject([
      { credentials: { type: 'ACCESS_TOKEN', token: expect.stringMatching(/^[A-Za-z0-9]{20}$/) } },
      { credentials: { type: 'ACCESS_TOKEN' } },
      { credentials: { type: 'MQTT_BASIC', userName: expect.any(String), password: expect.any(String) } },
    ]);
    expect(new Set(made.map((one) => JSON.stringify(one))).size).toBe(3);
  });

  test('of two with one name or one token in a call the first wins, and the others are not disturbed', async () => {
    await app.addDevice('there', { credentials: { type: 'ACCESS_TOKEN', token: 'taken' } });
    app.heard.length = 0;
    const token = (text: string): Partial<NewDevice> => ({ credentials: { type: 'ACCESS_TOKEN', token: text } });
    expect(
      await make(
        device('a', token('one')),
        device(' a '),
        device('b', token('one')),
        device('there'),
        device('c', token('taken')),
        // What was refused took nothing: its name is free.
        device('c', token('two')),
        device('d'),
      ),
    ).toEqual(['made', 'name_taken', 'credentials_taken', 'name_taken', 'credentials_taken', 'made', 'made']);
    expect(await names()).toEqual(['a', 'c', 'd', 'there']);
    expect(app.published()).toEqual(['device.created', 'device.created', 'device.created']);
  });

  test('a token and a user name alone cannot be the same', async () => {
    expect(
      await make(
        device('a', { credentials: { type: 'ACCESS_TOKEN', token: 'same' } }),
        device('b', { credentials: { type: 'MQTT_BASIC', userName: 'same', password: 'p' } }),
        device('c', { credentials: { type: 'MQTT_BASIC', clientId: 'same' } }),
        device('d', { credentials: { type: 'MQTT_BASIC', clientId: 'x', userName: 'same' } }),
      ),
    ).toEqual(['made', 'credentials_taken', 'made', 'made']);
  });

  test.each<[fault: string, more: Partial<NewDevice>, refused: string]>([
    ['a blank name', { name: ' \t ' }, 'invalid_name'],
    ['a line break in its name', { name: 'a\nb' }, 'invalid_name'],
    ['a name that is too long', { name: 'x'.repeat(256) }, 'invalid_name'],
    ['a control character in its label', { label: '\u001b[2J' }, 'invalid_name'],
    ['credentials to be found by nothing', { credentials: { type: 'MQTT_BASIC' } }, 'invalid_credentials_shape'],
    ['a token with a slash', { credentials: { type: 'ACCESS_TOKEN', token: 'a/b' } }, 'invalid_credentials_shape'],
    ['an attribute that is null', { sharedAttributes: { a: null } }, 'invalid_attributes'],
    ['an attribute that the platform keeps', { serverAttributes: { active: true } }, 'invalid_attributes'],
    ['a profile that does not exist', { profileId: '0'.repeat(36) }, 'profile_not_found'],
  ])('refuses %s and makes the others', async (_fault, more, refused) => {
    expect(await make(device('before'), device('it', more), device('after'))).toEqual(['made', refused, 'made']);
    expect(await names()).toEqual(['after', 'before']);
  });

  test('a profile of another tenant does not exist', async () => {
    expect(await make(device('a', { profileId: app.otherProfileId }))).toEqual(['profile_not_found']);
  });

  test('tenants do not share names', async () => {
    const elsewhere = { tenantId: 't2', profileId: app.otherProfileId };
    expect(await make(device('a'), device('a', elsewhere), device('a', elsewhere))).toEqual([
      'made',
      'made',
      'name_taken',
    ]);
  });

  test('hostile names are kept as they are', async () => {
    const hostile = [
      `<img src=x onerror=alert(1)>`,
      `'; drop table devices; --`,
      '=HYPERLINK("http://x")',
      '__proto__',
    ];
    expect(await make(...hostile.map((name) => device(name)))).toEqual(['made', 'made', 'made', 'made']);
    expect(await names()).toEqual([...hostile].sort());
  });

  test('of many calls at once that want the same names each name goes to exactly one', async () => {
    const wanted = Array.from({ length: 30 }, (_, i) => `device ${i}`);
    const results = await Promise.all(
      Array.from({ length: 10 }, () => app.creator.createDevices(wanted.map((name) => device(name)))),
    );
    wanted.forEach((_, i) => {
      const outcomes = results.map((result) => outcome(result[i] ?? { refused: 'invalid_name' })).sort();
      expect(outcomes).toEqual(['made', ...new Array<string>(9).fill('name_taken')]);
    });
    expect(await names()).toEqual([...wanted].sort());
    expect(app.heard).toHaveLength(wanted.length);
  });

  test('of many calls at once that bring the same token one gets it', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        make(device(`device ${i}`, { credentials: { type: 'ACCESS_TOKEN', token: 'same' } })),
      ),
    );
    expect(results.flat().sort()).toEqual([...new Array<string>(19).fill('credentials_taken'), 'made']);
    expect(await names()).toHaveLength(1);
  });

  test('a thousand in one call are made, none twice, none lost', async () => {
    const wanted = Array.from({ length: 1000 }, (_, i) => device(`${i % 990}`, { serverAttributes: { a: i } }));
    const outcomes = await make(...wanted);
    expect(outcomes.slice(0, 990).every((one) => one === 'made')).toBe(true);
    expect(outcomes.slice(990).every((one) => one === 'name_taken')).toBe(true);
    expect(await names()).toHaveLength(990);
    expect(await app.db.selectFrom('attributes').select('device_id').execute()).toHaveLength(990);
  });

  test('nothing is asked for, nothing is done', async () => {
    expect(await app.creator.createDevices([])).toEqual([]);
  });
});
