/** `POST /v1/devices/import` over a real socket. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ImportFixture, openImport } from './fixture.ts';

let server: ImportFixture;
beforeEach(async () => {
  server = await openImport();
});
afterEach(() => server.close());

const whole = { dryRun: false, ignoredColumns: [], stopped: null, errors: [], errorsTruncated: false };
const counts = (rows: number, created: number, unchanged = 0, updated = 0, failed = 0) => ({
  rows,
  created,
  unchanged,
  updated,
  failed,
});

describe('forms of files', () => {
  test('a list of MAC addresses is enough', async () => {
    const macs = ['8C:AA:B5:01:02:03', '8C:AA:B5:01:02:04'];
    expect(await server.summary(macs.join('\n'))).toEqual({ ...whole, ...counts(2, 2) });
    expect(await server.names()).toEqual(macs);
    const { row, credentials } = await server.device('8C:AA:B5:01:02:03');
    expect(row.profile_id).toBe((await server.profiles.defaultOf(server.tenantId)).id);
    expect(credentials).toEqual({ type: 'ACCESS_TOKEN', token: expect.stringMatching(/^[A-Za-z0-9]{20}$/) });
  });

  test('every column reaches the device', async () => {
    const { id } = await server.profiles.create(server.tenantId, { name: 'Greenhouse' });
    const csv = [
      'name,profile,label,description,gateway,credentialsType,token,clientId,userName,password,attr.serial,shared.interval,attr.id',
      '" bed ""1"" ",Greenhouse,"North, wall","two\nlines",true,ACCESS_TOKEN,tok,,,,SN-1,60,007',
      'bed-2,,,,,,,c,u," p ",,1.50,true',
      'bed-3,,,,no,mqtt_basic',
    ].join('\r\n');
    expect(await server.summary(csv)).toEqual({ ...whole, ...counts(3, 3) });
    const first = await server.device('bed "1"');
    expect(first).toMatchObject({
      row: { profile_id: id, label: 'North, wall', description: 'two\nlines', is_gateway: 1, enabled: 1 },
      credentials: { type: 'ACCESS_TOKEN', token: 'tok' },
    });
    expect(first.server).toEqual({ serial: 'SN-1', id: '007' });
    expect(first.shared).toEqual({ interval: 60 });
    const second = await server.device('bed-2');
    expect(second.credentials).toEqual({ type: 'MQTT_BASIC', clientId: 'c', userName: 'u', password: ' p ' });
    expect([second.server, second.shared]).toEqual([{ id: true }, { interval: 1.5 }]);
    expect((await server.device('bed-3')).credentials).toMatchObject({ type: 'MQTT_BASIC', userName: /.{20}/ });
  });

  test.each([
    ['a byte order mark', Buffer.from('\ufeffname,label\na,A\n')],
    ['semicolons', Buffer.from('name;label\na;A\n')],
    ['tabs', Buffer.from('name\tlabel\na\tA\n')],
    ['lone carriage returns', Buffer.from('name,label\ra,A\r')],
    ['UTF-16 with its mark', Buffer.from('\ufeffname\tlabel\r\na\tA\r\n', 'utf16le')],
    ['blank lines before, between and after', Buffer.from('\n\r\nname,label\n\n , \na,A\n\n')],
    ['no line end', Buffer.from('name,label\na,A')],
  ])('%s', async (_what, bytes) => {
    expect(await server.summary(bytes)).toEqual({ ...whole, ...counts(1, 1) });
    expect((await server.device('a')).row.label).toBe('A');
  });

  test('titles are mapped, and columns that mean nothing are named', async () => {
    const csv = 'MAC;Site;Colour\n8C:AA;Jakarta;red\n';
    expect(await server.summary(csv, '?map=name:MAC,label:Site')).toMatchObject({
      created: 1,
      ignoredColumns: ['Colour'],
    });
    expect((await server.device('8C:AA')).row.label).toBe('Jakarta');
  });

  test('without a header columns are counted', async () => {
    expect(await server.summary('x,name\ny,label\n', '?header=false&map=name:2,label:1')).toMatchObject(counts(2, 2));
    expect((await server.device('name')).row.label).toBe('x');
  });

  test('hostile names are kept as they are', async () => {
    const names = ['=HYPERLINK("http://evil")', '+1', '-1', '@SUM(A1)', '<img src=x onerror=alert(1)>', "'; --", '🚀'];
    const csv = `name\n${names.map((name) => `"${name.replaceAll('"', '""')}"`).join('\n')}\n`;
    expect(await server.summary(csv)).toMatchObject(counts(names.length, names.length));
    expect(new Set(await server.names())).toEqual(new Set(names));
  });

  test('an attribute called __proto__ is an attribute', async () => {
    expect(await server.summary('name,attr.__proto__\na,1\n')).toMatchObject({ created: 1 });
    const [row] = await server.db.selectFrom('attributes').select(['key', 'value']).execute();
    expect(row).toEqual({ key: '__proto__', value: '1' });
  });

  test('a header alone is no row', async () => {
    expect(await server.summary('name,label\n')).toEqual({ ...whole, ...counts(0, 0) });
  });
});

describe('bad rows', () => {
  test('each is told with its line, column, code and name; the others are imported', async () => {
    const { id: profileId } = await server.profiles.create(server.tenantId, { name: 'other' });
    const { tenantId } = server;
    const credentials = { type: 'ACCESS_TOKEN', token: 'taken' } as const;
    await server.creator.createDevices([{ tenantId, profileId, name: 'there', credentials }]);
    const csv = [
      'name,profile,label,gateway,credentialsType,token,clientId,userName,password,description,attr.k',
      'good-1',
      ',,label',
      `${'x'.repeat(256)}`,
      '"a\u0007b"',
      'nobody,Nowhere',
      'l,,"two\nlines"',
      'g,,,maybe',
      't,,,,X509_CERTIFICATE',
      'both,,,,,tok,,user',
      'basic,,,,ACCESS_TOKEN,,,user',
      'pw,,,,,,client,,secret',
      'space,,,,,se cret',
      'theirs,,,,,taken',
      'first,,,,,mine',
      'second,,,,,mine',
      'good-1',
      'there,default',
      `d,,,,,,,,,${'x'.repeat(4001)}`,
      'wide,,,,,,,,,,,surplus',
      '"broken"x',
      'good-2',
    ].join('\n');
    const { errors, ...summary } = await server.summary(csv);
    expect(errors.map(({ line, code, column, name }) => [line, code, column, name?.slice(0, 8)])).toEqual([
      [3, 'invalid_name', 'name', undefined],
      [4, 'invalid_name', 'name', 'xxxxxxxx'],
      [5, 'invalid_name', 'name', 'a\u0007b'],
      [6, 'profile_not_found', 'profile', 'nobody'],
      [7, 'invalid_value', 'label', 'l'],
      [9, 'invalid_value', 'gateway', 'g'],
      [10, 'invalid_credentials', 'credentialsType', 't'],
      [11, 'invalid_credentials', 'credentialsType', 'both'],
      [12, 'invalid_credentials', 'credentialsType', 'basic'],
      [13, 'invalid_credentials', undefined, 'pw'],
      [14, 'invalid_credentials', undefined, 'space'],
      [15, 'credentials_taken', undefined, 'theirs'],
      [17, 'duplicate_credentials', undefined, 'second'],
      [18, 'duplicate_name', 'name', 'good-1'],
      [19, 'name_taken', 'name', 'there'],
      [20, 'invalid_value', 'description', 'd'],
      [21, 'invalid_line', undefined, 'wide'],
      [22, 'invalid_line', undefined, undefined],
    ]);
    expect(summary).toMatchObject({ ...counts(21, 3, 0, 0, 18), errorsTruncated: false });
    expect(await server.names()).toEqual(['first', 'good-1', 'good-2', 'there']);
    expect(JSON.stringify(errors)).not.toMatch(/secret|se cret/);
    const { values } = await server.metrics.rejections.get();
    expect(values.filter(({ labels }) => labels.where === 'import').reduce((sum, { value }) => sum + value, 0)).toBe(
      18,
    );
  });

  test('text that is no UTF-8 is refused row by row', async () => {
    const latin1 = Buffer.from('name,label\na,caf\u00e9\nb,tea\n', 'latin1');
    expect(await server.summary(latin1)).toMatchObject({
      ...counts(2, 1, 0, 0, 1),
      errors: [{ line: 2, column: 'label', code: 'invalid_line' }],
    });
  });

  test('a summary holds the first thousand errors, the stream all of them', async () => {
    const csv = `name,label\n${',x\n'.repeat(1500)}`;
    const summary = await server.summary(csv);
    expect(summary).toMatchObject({ failed: 1500, errorsTruncated: true });
    expect(summary.errors).toHaveLength(1000);
    const events = await server.events(csv);
    expect(events.filter((event) => event.type === 'error')).toHaveLength(1500);
  });
});

describe('devices that are there already', () => {
  const csv = 'name,label,description,attr.k,shared.s\na,A,about a,1,x\nb,B,,2,\n';

  test('the same file again changes nothing', async () => {
    await server.summary(csv);
    const before = await server.device('a');
    expect(await server.summary(csv)).toEqual({ ...whole, ...counts(2, 0, 2) });
    expect(await server.summary(csv, '?existing=update')).toEqual({ ...whole, ...counts(2, 0, 2) });
    expect(await server.device('a')).toEqual(before);
  });

  test('by default they are left as they are', async () => {
    await server.summary(csv);
    expect(await server.summary('name,label\na,other\nc,C\n')).toMatchObject(counts(2, 1, 1));
    expect((await server.device('a')).row.label).toBe('A');
  });

  test('with existing=update, label, description and attributes are written; empty cells say nothing', async () => {
    await server.summary(csv);
    const before = await server.device('a');
    const changes = 'name,label,description,attr.k,shared.s,shared.new,token\na,AA,,1,y,5,other\nb,B,,2,,\n';
    expect(await server.summary(changes, '?existing=update')).toMatchObject(counts(2, 0, 1, 1));
    const after = await server.device('a');
    expect(after.row).toMatchObject({ label: 'AA', description: 'about a' });
    expect([after.server, after.shared]).toEqual([{ k: 1 }, { s: 'y', new: 5 }]);
    expect(after.credentials).toEqual(before.credentials);
  });

  test('a device of another profile is not the one that is meant, unless the file names no profile', async () => {
    const { id } = await server.profiles.create(server.tenantId, { name: 'other' });
    await server.summary('name\na\n', '?profile=other');
    expect(await server.summary('name\na\n')).toMatchObject(counts(1, 0, 1));
    expect(await server.summary('name\na\n', `?profileId=${id}`)).toMatchObject(counts(1, 0, 1));
    expect(await server.summary('name,profile\na,default\n')).toMatchObject({
      ...counts(1, 0, 0, 0, 1),
      errors: [{ line: 2, code: 'name_taken' }],
    });
  });

  test('two imports of one file at once make every device once', async () => {
    const names = `name\n${Array.from({ length: 3000 }, (_, i) => `d${i}`).join('\n')}\n`;
    const summaries = await Promise.all([server.summary(names), server.summary(names)]);
    expect(summaries.map(({ failed }) => failed)).toEqual([0, 0]);
    expect(summaries.reduce((sum, { created }) => sum + created, 0)).toBe(3000);
    expect(await server.names()).toHaveLength(3000);
  });

  test('devices of another tenant are neither seen nor in the way', async () => {
    const foreign = '00000000-0000-7000-8000-000000000001';
    await server.db.insertInto('tenants').values({ id: foreign, name: 'foreign', created_at: 0 }).execute();
    const { id: profileId } = await server.profiles.createDefault(foreign);
    const credentials = { generate: 'ACCESS_TOKEN' } as const;
    await server.creator.createDevices([{ tenantId: foreign, profileId, name: 'a', label: 'theirs', credentials }]);
    await server.profiles.create(foreign, { name: 'their profile' });
    expect(await server.summary('name,label\na,mine\n', '?existing=update')).toMatchObject(counts(1, 1));
    expect(await server.summary('name,profile\nb,their profile\n')).toMatchObject({ failed: 1 });
    const rows = await server.db.selectFrom('devices').select('label').where('name', '=', 'a').execute();
    expect(rows.map(({ label }) => label).sort()).toEqual(['mine', 'theirs']);
    expect((await server.post('name\na\n', `?profileId=${profileId}`)).status).toBe(404);
  });
});

describe('a dry run', () => {
  test('finds what an import would find, and changes nothing', async () => {
    await server.summary('name,label,token\nthere,old,taken\n');
    server.audited.length = 0;
    const csv = [
      'name,label,token',
      'there,new',
      'new-1',
      'new-1',
      'new-2,,taken',
      'new-3,,mine',
      'new-4,,mine',
      ',x',
      'new-5',
    ].join('\n');
    const dry = await server.summary(csv, '?dryRun=true&existing=update');
    expect(await server.names()).toEqual(['there']);
    expect((await server.device('there')).row.label).toBe('old');
    expect(server.audited).toEqual([]);
    expect(dry).toMatchObject({ dryRun: true, ...counts(8, 3, 0, 1, 4) });
    const wet = await server.summary(csv, '?existing=update');
    expect({ ...wet, dryRun: true }).toEqual(dry);
  });

  test('finds duplicates across batches', async () => {
    const names = Array.from({ length: 1200 }, (_, i) => `d${i}`);
    const csv = ['name', ...names, 'd3'].join('\n');
    expect(await server.summary(csv, '?dryRun=true')).toMatchObject({
      failed: 1,
      errors: [{ line: 1202, code: 'duplicate_name', reason: 'The name stands on line 5 already.' }],
    });
  });
});

describe('the stream of events', () => {
  test('progress after each batch, and the summary last', async () => {
    const csv = `name\n${Array.from({ length: 1100 }, (_, i) => `d${i}`).join('\n')}\n`;
    const events = await server.events(csv);
    expect(events).toEqual([
      { type: 'progress', ...counts(500, 500) },
      { type: 'progress', ...counts(1000, 1000) },
      { type: 'progress', ...counts(1100, 1100) },
      { type: 'summary', dryRun: false, ...counts(1100, 1100), ignoredColumns: [], stopped: null },
    ]);
  });

  test('tells the credentials of new devices when asked for them', async () => {
    await server.summary('name\nold\n');
    const events = await server.events('name,token\nold\nnew,tok\n', '?credentials=true');
    const { row } = await server.device('new');
    expect(events.filter((event) => event.type === 'credentials')).toEqual([
      {
        type: 'credentials',
        line: 3,
        name: 'new',
        deviceId: row.id,
        credentials: { type: 'ACCESS_TOKEN', token: 'tok' },
      },
    ]);
    expect((await server.post('name\nx\n', '?credentials=true')).status).toBe(400);
  });
});

test('one audit entry tells the counts of an import', async () => {
  await server.summary('name,token\na,secret-token\n,\nb,\nb,\n', '?existing=update');
  expect(server.audited).toEqual([
    {
      tenantId: server.tenantId,
      actor: { kind: 'api_key', id: 'key', name: 'script', address: '127.0.0.1' },
      action: 'devices.imported',
      target: { kind: 'import', id: expect.any(String), name: 'devices' },
      outcome: 'success',
      detail: { ...counts(3, 2, 0, 0, 1), existing: 'update' },
    },
  ]);
});

describe('requests that are refused', () => {
  test.each([
    ['an empty body', '', '', 400, 'invalid_payload'],
    ['a body of line ends', '\n\n', '', 400, 'invalid_payload'],
    ['a first line that cannot be read', '"a"b\n', '', 400, 'invalid_payload'],
    ['columns without a name', 'label,x\na,b\n', '', 400, 'invalid_request'],
    ['an unknown profile', 'a\n', '?profile=nope', 400, 'invalid_request'],
    ['an unknown profile id', 'a\n', '?profileId=00000000-0000-7000-8000-000000000000', 404, 'not_found'],
    ['an unknown parameter', 'a\n', '?dryrun=true', 400, 'invalid_request'],
    ['a policy that does not exist', 'a\n', '?existing=replace', 400, 'invalid_request'],
  ])('%s', async (_what, body, query, status, code) => {
    const response = await server.post(body, query);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect(await server.names()).toEqual([]);
  });

  test('another content type is told as such', async () => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const response = await server.post('name\na\n', '', { 'content-type': type });
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ code: 'unsupported_media_type' });
    }
  });

  test('a packed body is told as such', async () => {
    const response = await server.post('name\na\n', '', { 'content-encoding': 'gzip' });
    expect(response.status).toBe(415);
  });

  test('a request without a body says what to send', async () => {
    const response = await server.post(null, '', {});
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: expect.stringMatching(/^invalid_(request|payload)$/) });
  });

  test('a viewer may not import', async () => {
    server.actAs('viewer');
    expect((await server.post('name\na\n')).status).toBe(403);
  });
});
