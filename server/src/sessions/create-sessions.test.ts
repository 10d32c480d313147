import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MinAuth } from '#contract/profiles.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createMemoryBus } from '../bus/memory.ts';
import { subjects } from '../bus/subjects.ts';
import type { ConnectionIncident } from '../connection-events/connection-events.ts';
import type { DeviceIdentity } from '../credentials/gate.ts';
import { openDatabase } from '../db/open.ts';
import type { Db } from '../db/schema.ts';
import { createMetrics } from '../metrics.ts';
import { createSessions } from './create-sessions.ts';
import type { Means } from './means.ts';
import type { CloseReason, DeviceSession, Downlink, Sessions } from './sessions.ts';

const tenantId = 'tenant';
let directory: string;
let db: Db;
let clock: FakeClock;
let bus: Bus;
let sessions: Sessions;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-sessions-'));
  db = await openDatabase(join(directory, 'gapura.sqlite'));
  clock = new FakeClock();
  bus = createMemoryBus((error) => {
    throw error;
  });
  await db.insertInto('tenants').values({ id: tenantId, name: 'T', created_at: 0 }).execute();
  await db
    .insertInto('device_profiles')
    .values({
      id: 'profile',
      tenant_id: tenantId,
      name: 'default',
      description: '',
      is_default: 1,
      strategy: 'DISABLED',
      provision_key: 'k',
      provision_secret_sealed: new Uint8Array(),
      reprovision: 'strict',
      provision_rate_limit: '',
      tls_only: 0,
      token_in_path: 1,
      created_at: 0,
      updated_at: 0,
    })
    .execute();
  await addDevice('a');
  sessions = createSessions({ db, bus, clock, log: { error: () => {} }, metrics: createMetrics() });
  await sessions.start();
});

afterEach(async () => {
  await sessions.stop();
  await db.destroy();
  await rm(directory, { recursive: true });
});

async function addDevice(id: string): Promise<void> {
  await db
    .insertInto('devices')
    .values({
      id,
      tenant_id: tenantId,
      profile_id: 'profile',
      name: id,
      label: '',
      description: '',
      is_gateway: 0,
      enabled: 1,
      active: 0,
      last_connect_at: null,
      last_activity_at: null,
      last_disconnect_at: null,
      created_at: 0,
      updated_at: 0,
    })
    .execute();
}

const identity = (deviceId: string, credentialsId = 'credentials'): DeviceIdentity => ({
  tenantId,
  deviceId,
  deviceName: deviceId,
  isGateway: false,
  credentialsId,
  credentialsExpireAt: null,
  policy: { profileId: 'profile', tlsOnly: false, tokenInPath: true, minAuth: 'token', requireNonce: false },
});

const weakest: Means = { secure: false, proof: 'token', isTokenInPath: false };

function fakeSession(deviceId: string, credentialsId?: string, means: Means = weakest) {
  const heard: Downlink[] = [];
  const closes: CloseReason[] = [];
  const session: DeviceSession = {
    device: identity(deviceId, credentialsId),
    transport: 'mqtt',
    protocol: 'MQTT 5',
    address: '127.0.0.1',
    means,
    connectedAt: clock.now(),
    deliver: (downlink) => heard.push(downlink),
    close: (reason) => closes.push(reason),
  };
  return { session, heard, closes };
}

const activityOf = async (deviceId: string) => (await sessions.activity(tenantId, [deviceId])).get(deviceId);

describe('sessions', () => {
  test('a second session of a device closes the first, and the end of the first does not end the second', () => {
    const first = fakeSession('a');
    const second = fakeSession('a');
    sessions.open(first.session);
    sessions.open(second.session);
    sessions.closed(first.session);
    expect(first.closes).toEqual(['taken_over']);
    expect(second.closes).toEqual([]);
    expect(sessions.count()).toEqual({ mqtt: 1 });
  });

  test('revoked credentials close the session that came by them and leave another alone', async () => {
    await addDevice('b');
    const old = fakeSession('a', 'old');
    const other = fakeSession('b', 'other');
    sessions.open(old.session);
    sessions.open(other.session);
    for (const deviceId of ['a', 'b']) {
      const message = { kind: 'credentials.revoked', tenantId, deviceId, credentialsIds: ['old'] } as const;
      bus.publish(subjects.device(tenantId, deviceId), message);
    }
    expect(old.closes).toEqual(['credentials_revoked']);
    expect(other.closes).toEqual([]);
  });

  test('a disabled device is disconnected', async () => {
    const { session, closes } = fakeSession('a');
    sessions.open(session);
    await db.updateTable('devices').set({ enabled: 0 }).where('id', '=', 'a').execute();
    bus.publish(subjects.device(tenantId, 'a'), { kind: 'device.updated', tenantId, deviceId: 'a' });
    await expect.poll(() => closes).toEqual(['device_disabled']);
  });

  test('a device whose credentials were revoked while the gate thought of it does not stay', () => {
    const message = { kind: 'credentials.revoked', tenantId, deviceId: 'a', credentialsIds: ['old'] } as const;
    bus.publish(subjects.device(tenantId, 'a'), message);
    const { session, closes } = fakeSession('a', 'old');
    sessions.open(session);
    const polled: CloseReason[] = [];
    sessions.wait(identity('a', 'old'), { means: weakest, deliver: () => {}, close: (reason) => polled.push(reason) });
    expect(closes).toEqual(['credentials_revoked']);
    expect(polled).toEqual(['credentials_revoked']);
    expect(sessions.count()).toEqual({ mqtt: 0 });

    const fresh = fakeSession('a', 'new');
    sessions.open(fresh.session);
    expect(fresh.closes).toEqual([]);
  });

  test('a device that was deleted while the gate thought of it does not stay', () => {
    bus.publish(subjects.device(tenantId, 'a'), { kind: 'device.deleted', tenantId, deviceId: 'a' });
    const { session, closes } = fakeSession('a');
    sessions.open(session);
    expect(closes).toEqual(['device_deleted']);
    expect(sessions.count()).toEqual({ mqtt: 0 });
  });

  test('a device that was disabled while the gate thought of it does not stay', async () => {
    await db.updateTable('devices').set({ enabled: 0 }).where('id', '=', 'a').execute();
    bus.publish(subjects.device(tenantId, 'a'), { kind: 'device.updated', tenantId, deviceId: 'a' });
    const { session, closes } = fakeSession('a');
    sessions.open(session);
    await expect.poll(() => closes).toEqual(['device_disabled']);
  });

  test('a profile that asks for TLS from now on ends the connections without it', async () => {
    for (const id of ['b', 'c', 'late']) await addDevice(id);
    const plain = fakeSession('a');
    const secured = fakeSession('b', undefined, { ...weakest, secure: true });
    const polled: CloseReason[] = [];
    sessions.open(plain.session);
    sessions.open(secured.session);
    sessions.wait(identity('c'), { means: weakest, deliver: () => {}, close: (reason) => polled.push(reason) });
    const message = { kind: 'profile.updated', tenantId, profileId: 'profile' } as const;
    bus.publish(subjects.profile(tenantId, 'profile'), message);
    await expect.poll(() => [plain.closes, polled]).toEqual([[], []]);

    await db.updateTable('device_profiles').set({ tls_only: 1 }).where('id', '=', 'profile').execute();
    bus.publish(subjects.profile(tenantId, 'profile'), message);
    await expect.poll(() => [plain.closes, polled]).toEqual([['policy_changed'], ['policy_changed']]);
    expect(secured.closes).toEqual([]);

    const late = fakeSession('late');
    sessions.open(late.session);
    await expect.poll(() => late.closes).toEqual(['policy_changed']);
  });

  test.each<[change: { min_auth?: MinAuth; token_in_path?: 0 | 1; tls_only?: 0 | 1 }, ended: string[]]>([
    [{}, []],
    [{ token_in_path: 0 }, ['token in the path']],
    [{ tls_only: 1 }, ['token', 'token in the path', 'bearer', 'bearer session', 'signed']],
    [{ min_auth: 'bearer' }, ['token', 'token in the path']],
    [{ min_auth: 'signed' }, ['token', 'token in the path', 'bearer', 'bearer session', 'bearer over TLS']],
    [
      { min_auth: 'mtls', tls_only: 1 },
      ['token', 'token in the path', 'bearer', 'bearer session', 'bearer over TLS', 'signed'],
    ],
  ])('a profile with %j ends what came by weaker means, and that alone', async (change, expected) => {
    const ended: string[] = [];
    const closes = (name: string) => (reason: CloseReason) => ended.push(reason === 'policy_changed' ? name : reason);
    const wait = (name: string, means: Partial<Means>) =>
      sessions.wait(identity('a'), { means: { ...weakest, ...means }, deliver: () => {}, close: closes(name) });
    await addDevice('b');
    sessions.open({ ...fakeSession('a').session, close: closes('token') });
    wait('token in the path', { isTokenInPath: true });
    wait('bearer', { proof: 'bearer' });
    const bearer = fakeSession('b', undefined, { ...weakest, proof: 'bearer' }).session;
    sessions.open({ ...bearer, close: closes('bearer session') });
    wait('bearer over TLS', { proof: 'bearer', secure: true });
    wait('signed', { proof: 'signed' });
    wait('mtls', { proof: 'mtls', secure: true });

    await db
      .updateTable('device_profiles')
      .set({ description: 'changed', ...change })
      .execute();
    bus.publish(subjects.profile(tenantId, 'profile'), { kind: 'profile.updated', tenantId, profileId: 'profile' });
    await expect.poll(() => ended.toSorted()).toEqual(expected.toSorted());
    // What is looked up after that is answered after that.
    await db.selectFrom('devices').selectAll().execute();
    expect(ended).toHaveLength(expected.length);
  });

  test('a device that moves to a profile that asks for TLS loses its connection without it', async () => {
    const { session, closes } = fakeSession('a');
    sessions.open(session);
    await db.updateTable('device_profiles').set({ tls_only: 1 }).execute();
    bus.publish(subjects.device(tenantId, 'a'), { kind: 'device.updated', tenantId, deviceId: 'a' });
    await expect.poll(() => closes).toEqual(['policy_changed']);
  });

  test('shared attributes go to the session and to every waiter of that device only', async () => {
    const { session, heard } = fakeSession('a');
    const waited: Downlink[] = [];
    sessions.open(session);
    const stop = sessions.wait(identity('a'), {
      means: weakest,
      deliver: (downlink) => waited.push(downlink),
      close: () => {},
    });
    const change = { kind: 'attributes.changed', tenantId, deviceId: 'a', updated: { target: 21 } } as const;
    bus.publish(subjects.attributes(tenantId, 'a'), { ...change, scope: 'shared', deleted: ['old'] });
    bus.publish(subjects.attributes(tenantId, 'a'), { ...change, scope: 'server', deleted: [] });
    bus.publish(subjects.attributes(tenantId, 'b'), { ...change, deviceId: 'b', scope: 'shared', deleted: [] });
    const expected = [
      { kind: 'attributes', body: { target: 21 } },
      { kind: 'attributes', body: { deleted: ['old'] } },
    ];
    expect(heard).toEqual(expected);
    expect(waited).toEqual(expected);
    stop();
    bus.publish(subjects.attributes(tenantId, 'a'), { ...change, scope: 'shared', deleted: [] });
    expect(waited).toHaveLength(2);
  });

  test('one request too many of a device ends its oldest', () => {
    const closes: number[] = [];
    for (let i = 0; i < 9; i++) {
      sessions.wait(identity('a'), { means: weakest, deliver: () => {}, close: () => closes.push(i) });
    }
    expect(closes).toEqual([0]);
  });

  test('stopping closes what is open and writes the activity down', async () => {
    const { session, closes } = fakeSession('a');
    sessions.open(session);
    clock.advance(1000);
    await sessions.stop();
    expect(closes).toEqual(['shutting_down']);
    const row = await db.selectFrom('devices').selectAll().where('id', '=', 'a').executeTakeFirstOrThrow();
    expect(row).toMatchObject({ active: 1, last_connect_at: clock.now() - 1000, last_disconnect_at: clock.now() });
  });
});

test('each connect and each end is told to the history, with how the device was connected', async () => {
  const told: unknown[] = [];
  await sessions.stop();
  const history = {
    record: ({ kind, deviceId, connection }: ConnectionIncident) => told.push([kind, deviceId, connection]),
  };
  sessions = createSessions({ db, bus, clock, history, log: { error: () => {} }, metrics: createMetrics() });
  await sessions.start();
  const connection = { protocol: 'MQTT 5', secure: false, address: '127.0.0.1' };
  const first = fakeSession('a');
  sessions.open(first.session);
  // Messages and requests beside it are no connects.
  sessions.touch(identity('a'));
  sessions.requested(identity('a'), { transport: 'http', secure: true, address: '192.0.2.7' });
  expect(told).toEqual([['connected', 'a', connection]]);
  // A second one takes over: the device was never gone.
  const second = fakeSession('a');
  sessions.open(second.session);
  sessions.closed(first.session);
  sessions.closed(second.session);
  sessions.closed(second.session);
  expect(told.slice(1)).toEqual([
    ['connected', 'a', connection],
    ['disconnected', 'a', connection],
  ]);
});

describe('activity', () => {
  test('a message makes a device active at once, before anything is written', async () => {
    sessions.touch(identity('a'));
    expect(await activityOf('a')).toMatchObject({ active: true, lastActivityTime: clock.now(), lastConnectTime: null });
  });

  test('from where a device came is known at once and after a restart; what stands hides requests beside it', async () => {
    const http = { protocol: 'HTTP', secure: false, address: '192.0.2.7' };
    const arrival = { transport: 'http', secure: false, address: '192.0.2.7' } as const;
    sessions.requested(identity('a'), arrival);
    expect(await activityOf('a')).toMatchObject({ connection: http });
    const { session } = fakeSession('a');
    const mqtt = { protocol: 'MQTT 5', secure: false, address: '127.0.0.1' };
    sessions.open(session);
    sessions.requested(identity('a'), arrival);
    expect(await activityOf('a')).toMatchObject({ connection: mqtt });
    await sessions.stop();
    sessions = createSessions({ db, bus, clock, log: { error: () => {} }, metrics: createMetrics() });
    await sessions.start();
    expect(await activityOf('a')).toMatchObject({ connection: mqtt });
  });

  test('a device that comes by another address is told of with the next flush, and only when it moved', async () => {
    const heard: unknown[] = [];
    bus.subscribe(subjects.activity(tenantId, 'a'), (message) => {
      if (message.kind === 'device.activity') heard.push(message.connection?.address);
    });
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.2']) {
      sessions.requested(identity('a'), { transport: 'http', secure: true, address });
    }
    clock.advance(5000);
    await expect.poll(() => heard).toEqual(['192.0.2.2']);
    sessions.requested(identity('a'), { transport: 'http', secure: true, address: '192.0.2.2' });
    clock.advance(5000);
    await activityOf('a');
    expect(heard).toHaveLength(1);
  });

  test('who looks is told every few seconds when a device was heard of last, once however often it was', async () => {
    const heard: unknown[] = [];
    const leave = bus.subscribe(subjects.activity(tenantId, 'a'), (message) => {
      if (message.kind === 'device.activity') heard.push(message.lastActivityTime);
    });
    sessions.touch(identity('a'));
    const first = clock.now();
    await expect.poll(() => heard).toEqual([first]);
    clock.advance(1000);
    for (let i = 0; i < 3; i++) sessions.touch(identity('a'));
    clock.advance(4000);
    await expect.poll(() => heard).toEqual([first, first + 1000]);
    // Nothing came since: nothing is told.
    clock.advance(5000);
    await activityOf('a');
    expect(heard).toHaveLength(2);
    leave();
  });

  test('silence longer than the timeout makes it inactive; a connected device stays active', async () => {
    await addDevice('b');
    sessions.touch(identity('a'));
    sessions.open(fakeSession('b').session);
    clock.advance(599_000);
    await expect.poll(() => activityOf('a')).toMatchObject({ active: true });
    clock.advance(10_000);
    await expect.poll(() => activityOf('a')).toMatchObject({ active: false });
    expect(await activityOf('b')).toMatchObject({ active: true });
  });

  test('the attribute inactivityTimeout of a device rules', async () => {
    await db
      .insertInto('attributes')
      .values({
        tenant_id: tenantId,
        device_id: 'a',
        scope: 'server',
        key: 'inactivityTimeout',
        value: '20000',
        updated_at: 0,
      })
      .execute();
    sessions.touch(identity('a'));
    clock.advance(5_000);
    expect(await activityOf('a')).toMatchObject({ active: true });
    clock.advance(25_000);
    await expect.poll(() => activityOf('a')).toMatchObject({ active: false });
  });

  test('a later write keeps the times that this process has not seen', async () => {
    await db.updateTable('devices').set({ last_connect_at: 77 }).where('id', '=', 'a').execute();
    sessions.touch(identity('a'));
    await sessions.stop();
    const row = await db.selectFrom('devices').selectAll().where('id', '=', 'a').executeTakeFirstOrThrow();
    expect(row).toMatchObject({ last_connect_at: 77, last_activity_at: clock.now() });
  });

  test('a device that was active when the process ended becomes inactive after the next start', async () => {
    sessions.touch(identity('a'));
    await sessions.stop();
    const next = createSessions({ db, bus, clock, log: { error: () => {} }, metrics: createMetrics() });
    await next.start();
    clock.advance(700_000);
    await expect.poll(async () => (await next.activity(tenantId, ['a'])).get('a')).toMatchObject({ active: false });
    await next.stop();
  });

  test('another tenant learns nothing of a device', async () => {
    sessions.touch(identity('a'));
    expect(await sessions.activity('other', ['a'])).toEqual(new Map());
  });
});
