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
