import { expect, test } from 'vitest';
import { FakeClock } from '../../../test/fake-clock.ts';
import type { ConnectPacket } from './codec/packets.ts';
import { createFailedConnects } from './failed-connects.ts';

const site = '192.0.2.1';
const packetOf = (username: string) => ({ clientId: '', username, password: undefined }) as ConnectPacket;

test('one forgotten device does not shut out new devices behind the same address', () => {
  const connects = createFailedConnects(new FakeClock(), 20);
  for (let i = 0; i < 1000; i++) connects.failed(site, packetOf('forgotten'));
  expect(connects.blocks(site, packetOf('new'))).toBe(false);
});

test('who shows ever other credentials is held up, at that address alone', () => {
  const connects = createFailedConnects(new FakeClock(), 20);
  for (let i = 0; i < 20; i++) connects.failed(site, packetOf(`guess ${i}`));
  expect(connects.blocks(site, packetOf('new'))).toBe(true);
  expect(connects.blocks('192.0.2.2', packetOf('new'))).toBe(false);
});

test('IPv6 addresses of one network count together', () => {
  const connects = createFailedConnects(new FakeClock(), 20);
  for (let i = 0; i < 20; i++) connects.failed(`2001:db8::${i.toString(16)}`, packetOf(`guess ${i}`));
  expect(connects.blocks('2001:db8::ffff', packetOf('new'))).toBe(true);
});

test('what was right before passes while its address is held up, until it was wrong once', () => {
  const connects = createFailedConnects(new FakeClock(), 20);
  connects.succeeded(packetOf('old friend'));
  for (let i = 0; i < 20; i++) connects.failed(site, packetOf(`guess ${i}`));
  expect(connects.blocks(site, packetOf('old friend'))).toBe(false);
  connects.failed(site, packetOf('old friend'));
  expect(connects.blocks(site, packetOf('old friend'))).toBe(true);
});

test('who makes up client ids is held up by user name and password, and the device that has them is not', () => {
  const connects = createFailedConnects(new FakeClock(), 20);
  const packet = (clientId: string) => ({ clientId, username: 'u', password: 'p' }) as ConnectPacket;
  const long = 'own'.repeat(100);
  for (const clientId of ['own', long]) connects.succeeded(packet(clientId));
  for (let i = 0; i < 40; i++) connects.failed(site, packet(`made up ${i}`));
  expect(['own', long, 'made up anew', `${long}.`].map((clientId) => connects.blocks(site, packet(clientId)))).toEqual([
    ...[false, false],
    ...[true, true],
  ]);
  expect(connects.blocks(site, packetOf('another'))).toBe(false);
});

test('failures are forgotten bit by bit, and all of them after a quiet minute', () => {
  const clock = new FakeClock();
  const connects = createFailedConnects(clock, 20);
  for (let i = 0; i < 20; i++) connects.failed(site, packetOf(`guess ${i}`));
  clock.advance(2999);
  expect(connects.blocks(site, packetOf('new'))).toBe(true);
  clock.advance(1);
  expect(connects.blocks(site, packetOf('new'))).toBe(false);
  connects.failed(site, packetOf('one more guess'));
  expect(connects.blocks(site, packetOf('new'))).toBe(true);
  clock.advance(60_001);
  for (let i = 0; i < 19; i++) connects.failed(site, packetOf(`later guess ${i}`));
  expect(connects.blocks(site, packetOf('new'))).toBe(false);
});
