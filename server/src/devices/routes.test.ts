import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Page } from '#contract/common.ts';
import type { CreatedDevice, Device, DevicePage } from '#contract/devices.ts';
import { type RegistryApp, startRegistryApp } from '../../test/registry-app.ts';

let app: RegistryApp;
beforeEach(async () => {
  app = await startRegistryApp();
});
afterEach(() => app.stop());

const create = async (body: object): Promise<CreatedDevice> =>
  (await app.request<CreatedDevice>('operator', 'POST', '/v1/devices', body)).body;

/** Names on all pages of a list. */
async function list(query: string, caller = 'viewer', from: string | null = null): Promise<string[]> {
  const names: string[] = [];
  let cursor = from;
  do {
    const next: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { body } = await app.request<Page<Device>>(caller, 'GET', `/v1/devices?${query}${next}`);
    names.push(...body.items.map((device) => device.name));
    cursor = body.nextCursor;
  } while (cursor !== null);
  return names;
}

describe('POST /v1/devices', () => {
  test('needs a name alone: default profile and an access token, which only this answer shows', async () => {
    const answer = await app.request<CreatedDevice>('operator', 'POST', '/v1/devices', { name: ' Pump ' });
    expect(answer).toMatchObject({
      status: 201,
      headers: { location: `/v1/devices/${answer.body.id}` },
      body: {
        name: 'Pump',
        enabled: true,
        isGateway: false,
        profileId: app.profileId,
        profileName: 'default',
        credentials: { type: 'ACCESS_TOKEN', token: expect.stringMatching(/^[A-Za-z0-9]{20}$/) },
      },
    });
    const shown = await app.request<Device>('owner', 'GET', `/v1/devices/${answer.body.id}`);
    const { credentials: _, ...device } = answer.body;
    expect(shown).toMatchObject({ status: 200, body: device });
    expect(shown.body).not.toHaveProperty('credentials');
    expect(app.published()).toEqual(['device.created']);
    expect(app.audited).toEqual([
      {
        tenantId: 't1',
        actor: { kind: 'user', id: 'id of operator', name: 'operator@example.com', address: '127.0.0.1' },
        action: 'device.created',
        target: { kind: 'device', id: answer.body.id, name: 'Pump' },
        outcome: 'success',
      },
    ]);
  });

  test('takes credentials, and gives them back', async () => {
    const credentials = { type: 'MQTT_BASIC', userName: 'u', password: 'p' };
    expect((await create({ name: 'a', credentials })).credentials).toEqual(credentials);
  });

  test.each<[fault: string, body: unknown, status: number, code: string]>([
    ['no name', {}, 400, 'invalid_request'],
    ['a blank name', { name: '  ' }, 400, 'invalid_request'],
    ['a control character', { name: 'a\u0007' }, 400, 'invalid_request'],
    ['a line break in the label', { name: 'a', label: 'x\ny' }, 400, 'invalid_request'],
    ['a member that it does not know', { name: 'a', nmae: 'b' }, 400, 'invalid_request'],
    ['a number for a name', { name: 1 }, 400, 'invalid_request'],
    ['no object', [], 400, 'invalid_request'],
    ['credentials of no use', { name: 'a', credentials: { type: 'MQTT_BASIC' } }, 400, 'invalid_request'],
    ['an unknown profile', { name: 'a', profileId: '01a1fd92-2114-7000-bc1e-fb3f3f19f852' }, 404, 'not_found'],
    ['a name that is taken', { name: 'taken' }, 409, 'name_taken'],
    [
      'a token that is taken',
      { name: 'a', credentials: { type: 'ACCESS_TOKEN', token: 'token-of-taken' } },
      409,
      'credentials_taken',
    ],
  ])('with %s is refused', async (_fault, body, status, code) => {
    await app.addDevice('taken');
    app.heard.length = 0;
    expect(await app.request('operator', 'POST', '/v1/devices', body)).toMatchObject({ status, body: { code } });
    expect(app.heard).toEqual([]);
    expect(app.audited).toEqual([]);
  });

  test('a profile of another tenant is unknown', async () => {
    const answer = await app.request('operator', 'POST', '/v1/devices', { name: 'a', profileId: app.otherProfileId });
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('PATCH /v1/devices/:id', () => {
  test('changes what is named and leaves the rest', async () => {
    const { id, createdAt } = await create({ name: 'a', label: 'l', description: 'd' });
    const { id: profileId } = await app.profiles.create('t1', { name: 'other' });
    app.heard.length = 0;
    app.clock.advance(5);
    const changes = { name: ' b ', enabled: false, isGateway: true, profileId };
    expect(await app.request('operator', 'PATCH', `/v1/devices/${id}`, changes)).toMatchObject({
      status: 200,
      body: {
        id,
        name: 'b',
        label: 'l',
        description: 'd',
        enabled: false,
        isGateway: true,
        profileName: 'other',
        createdAt,
        updatedAt: createdAt + 5,
      },
    });
    expect(app.heard).toEqual([{ kind: 'device.updated', tenantId: 't1', deviceId: id }]);
    expect(await list('search=B')).toEqual(['b']);
    expect(await list('search=L')).toEqual(['b']);
    expect(await list('search=a')).toEqual([]);
  });

  test('its own name is not taken, another one is', async () => {
    await create({ name: 'a' });
    const { id } = await create({ name: 'b' });
    expect(await app.request('operator', 'PATCH', `/v1/devices/${id}`, { name: 'b' })).toMatchObject({ status: 200 });
    expect(await app.request('operator', 'PATCH', `/v1/devices/${id}`, { name: 'a' })).toMatchObject({
      status: 409,
      body: { code: 'name_taken' },
    });
  });

  test.each([{}, { credentials: { type: 'ACCESS_TOKEN', token: 'x' } }, { name: '' }, { enabled: 1 }])(
    'refuses %j',
    async (body) => {
      const { id } = await create({ name: 'a' });
      expect(await app.request('operator', 'PATCH', `/v1/devices/${id}`, body)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
    },
  );

  test('an unknown profile changes nothing', async () => {
    const { id } = await create({ name: 'a' });
    const changes = { name: 'b', profileId: app.otherProfileId };
    expect(await app.request('operator', 'PATCH', `/v1/devices/${id}`, changes)).toMatchObject({ status: 404 });
    expect(await list('')).toEqual(['a']);
  });
});

describe('DELETE /v1/devices/:id', () => {
  test('takes credentials, attributes and telemetry with it', async () => {
    const { id } = await create({ name: 'a' });
    await app.attributes.write({ tenantId: 't1', deviceId: id, scope: 'shared', values: { a: 1 } });
    app.heard.length = 0;
    expect(await app.request('operator', 'DELETE', `/v1/devices/${id}`)).toMatchObject({ status: 204, body: null });
    expect(app.heard).toEqual([{ kind: 'device.deleted', tenantId: 't1', deviceId: id }]);
    expect(app.forgotten).toEqual([{ tenantId: 't1', deviceId: id }]);
    expect(await app.db.selectFrom('credentials').select('id').execute()).toEqual([]);
    expect(await app.db.selectFrom('attributes').select('key').execute()).toEqual([]);
    expect(await app.request('operator', 'DELETE', `/v1/devices/${id}`)).toMatchObject({ status: 404 });
    expect(app.forgotten).toHaveLength(1);
    // Its name and its token are free again.
    await app.addDevice('a');
  });
});

describe('GET /v1/devices', () => {
  test.each(['name', 'createdAt', 'lastActivityTime'])(
    'by %s in pages, up and down, every device once',
    async (sort) => {
      for (let i = 0; i < 11; i++) {
        const { deviceId } = await app.addDevice(`device ${(i * 7) % 11}`);
        // Several share a time, and some were never active.
        const seen = i % 3 === 0 ? null : app.clock.now() - (i % 2);
        await app.db.updateTable('devices').set({ last_activity_at: seen }).where('id', '=', deviceId).execute();
        if (i % 4 === 0) app.clock.advance(10);
      }
      const whole = await list(`sort=${sort}&limit=1000`);
      expect(new Set(whole).size).toBe(11);
      for (const limit of [1, 2, 3, 10, 11]) {
        expect(await list(`sort=${sort}&limit=${limit}`)).toEqual(whole);
        expect(await list(`sort=${sort}&order=desc&limit=${limit}`)).toEqual([...whole].reverse());
      }
      if (sort === 'name') expect(whole).toEqual([...whole].sort());
      if (sort === 'createdAt') expect(whole[0]).toBe('device 0');
      // Never active comes before all times.
      if (sort === 'lastActivityTime')
        expect(whole.slice(0, 4).sort()).toEqual(['device 0', 'device 10', 'device 8', 'device 9'].sort());
    },
  );

  test.each(['name', 'createdAt', 'lastActivityTime'])(
    'by %s opens in its middle, goes on from there by cursor, and counts what matches on all pages',
    async (sort) => {
      for (let i = 0; i < 9; i++) await create({ name: `device ${(i * 5) % 9}`, label: i < 7 ? 'hall' : '' });
      for (const order of ['asc', 'desc']) {
        const query = `sort=${sort}&order=${order}&search=hall`;
        const whole = await list(`${query}&limit=1000`);
        expect(whole).toHaveLength(7);
        for (const offset of [0, 1, 4, 6, 7, 100]) {
          const path = `/v1/devices?${query}&limit=2&offset=${offset}&withTotal=true`;
          const { body } = await app.request<DevicePage>('viewer', 'GET', path);
          expect(body.items.map(({ name }) => name)).toEqual(whole.slice(offset, offset + 2));
          expect(body.total).toBe(7);
          if (body.nextCursor === null) continue;
          expect(await list(`${query}&limit=2`, 'viewer', body.nextCursor)).toEqual(whole.slice(offset + 2));
        }
      }
      expect((await app.request<DevicePage>('viewer', 'GET', '/v1/devices')).body).not.toHaveProperty('total');
    },
  );

  test('a page stays right when devices come and go between pages', async () => {
    const ids = new Map<string, string>();
    for (const name of ['a', 'c', 'e', 'g']) ids.set(name, (await app.addDevice(name)).deviceId);
    const first = await app.request<Page<Device>>('viewer', 'GET', '/v1/devices?limit=2');
    expect(first.body.items.map((device) => device.name)).toEqual(['a', 'c']);
    await app.devices.remove('t1', ids.get('c') ?? '');
    for (const name of ['b', 'd']) await app.addDevice(name);
    expect(await list('limit=2', 'viewer', first.body.nextCursor)).toEqual(['d', 'e', 'g']);
  });

  test('search finds a part of name or label in any case and any script, and takes % _ \\ as they are', async () => {
    await create({ name: 'Pompa Air', label: 'KOLAM Lele' });
    await create({ name: 'ÄRGER', label: '100%_\\' });
    await create({ name: 'plain', label: 'other' });
    expect(await list('search=pompa')).toEqual(['Pompa Air']);
    expect(await list('search=lele')).toEqual(['Pompa Air']);
    expect(await list(`search=${encodeURIComponent('ärg')}`)).toEqual(['ÄRGER']);
    for (const special of ['%', '_', '\\', '0%_\\']) {
      expect(await list(`search=${encodeURIComponent(special)}`)).toEqual(['ÄRGER']);
    }
    expect(await list(`search=${encodeURIComponent("' or 1=1 --")}`)).toEqual([]);
    // Name and label are two texts: nothing is found across both.
    expect(await list('search=AirKOLAM')).toEqual([]);
    expect(await list('search=')).toHaveLength(3);
  });

  test('filters by profile, activity and gateway flag, together and with a search', async () => {
    const { id: profileId } = await app.profiles.create('t1', { name: 'p' });
    await create({ name: 'gate one', isGateway: true });
    await create({ name: 'gate two', isGateway: true, profileId });
    const { id } = await create({ name: 'sensor', profileId });
    await app.db.updateTable('devices').set({ active: 1 }).where('id', '=', id).execute();
    expect(await list(`profileId=${profileId}`)).toEqual(['gate two', 'sensor']);
    expect(await list('isGateway=true')).toEqual(['gate one', 'gate two']);
    expect(await list(`isGateway=true&profileId=${profileId}&search=GATE`)).toEqual(['gate two']);
    expect(await list('active=true')).toEqual(['sensor']);
    expect(await list('active=false')).toEqual(['gate one', 'gate two']);
    expect(await list('active=true&isGateway=true')).toEqual([]);
  });

  test('shows what the sessions know before the database does', async () => {
    const { id } = await create({ name: 'a' });
    const activity = {
      active: true,
      lastConnectTime: 5,
      lastActivityTime: 7,
      lastDisconnectTime: null,
      connection: null,
    };
    app.known.set(id, activity);
    expect((await app.request<Page<Device>>('viewer', 'GET', '/v1/devices')).body.items).toMatchObject([activity]);
    expect((await app.request<Device>('viewer', 'GET', `/v1/devices/${id}`)).body).toMatchObject(activity);
  });

  test.each([
    ['no cursor at all', 'cursor=xyz', 'invalid_cursor'],
    ['a cursor of another order', `cursor=${btoa('["name","desc","a","b"]')}`, 'invalid_cursor'],
    ['a cursor of another sort', `sort=createdAt&cursor=${btoa('["name","asc","a","b"]')}`, 'invalid_cursor'],
    [
      'a cursor with a text for a time',
      `sort=createdAt&cursor=${btoa('["createdAt","asc","a","b"]')}`,
      'invalid_cursor',
    ],
    ['an unknown sort', 'sort=profile_id', 'invalid_request'],
    ['too large a page', 'limit=1001', 'invalid_request'],
    ['a place before the list', 'offset=-1', 'invalid_request'],
    ['a place beyond what is counted off', 'offset=500001', 'invalid_request'],
    ['a place and a cursor', `offset=1&cursor=${btoa('["name","asc","a","b"]')}`, 'invalid_request'],
    ['an unknown filter', 'tenantId=t2', 'invalid_request'],
  ])('%s is refused', async (_fault, query, code) => {
    expect(await app.request('viewer', 'GET', `/v1/devices?${query}`)).toMatchObject({ status: 400, body: { code } });
  });
});

test.each<[method: string, path: string, role: string, body?: object]>([
  ['GET', '/v1/devices', 'viewer'],
  ['GET', '/v1/devices/ID', 'viewer'],
  ['POST', '/v1/devices', 'operator', { name: 'new' }],
  ['PATCH', '/v1/devices/ID', 'operator', { label: 'x' }],
  ['DELETE', '/v1/devices/ID', 'operator'],
  ['GET', '/v1/devices/ID/credentials', 'operator'],
  ['PUT', '/v1/devices/ID/credentials', 'operator', { type: 'ACCESS_TOKEN', token: 'x' }],
  ['POST', '/v1/devices/ID/credentials/rotate', 'operator'],
  ['DELETE', '/v1/devices/ID/credentials', 'operator'],
  ['GET', '/v1/devices/ID/attributes/server', 'viewer'],
  ['PATCH', '/v1/devices/ID/attributes/server', 'operator', { a: 1 }],
  ['DELETE', '/v1/devices/ID/attributes/server?keys=a', 'operator'],
])('%s %s is for the role %s and up, and another tenant finds nothing', async (method, path, role, body) => {
  const { id } = await create({ name: 'a' });
  const url = path.replace('ID', id);
  expect(await app.request('nobody', method, url, body)).toMatchObject({ status: 401 });
  if (role === 'operator') {
    expect(await app.request('viewer', method, url, body)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  }
  if (path.includes('ID')) {
    expect(await app.request('owner of t2', method, url, body)).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  } else if (method === 'GET') {
    expect(await list('', 'owner of t2')).toEqual([]);
  }
  expect(await list('')).toEqual(['a']);
  expect((await app.request(role, method, url, body)).status).toBeLessThan(300);
});
