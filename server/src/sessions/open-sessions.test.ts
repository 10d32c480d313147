import { expect, test } from 'vitest';
import type { DeviceIdentity } from '../credentials/gate.ts';
import { OpenSessions } from './open-sessions.ts';
import type { DeviceSession } from './sessions.ts';

const sessionOf = (deviceId: string): DeviceSession => ({
  device: { deviceId } as DeviceIdentity,
  transport: 'mqtt',
  protocol: 'MQTT 5',
  address: '192.0.2.1',
  means: { secure: true, proof: 'token', isTokenInPath: false },
  connectedAt: 0,
  deliver: () => {},
  close: () => {},
});

test('a newer session of a device takes the place of the older, which cannot take it away any more', () => {
  const open = new OpenSessions();
  const [older, newer] = [sessionOf('a'), sessionOf('a')];
  expect(open.put(older)).toBeUndefined();
  expect(open.put(newer)).toBe(older);
  expect(open.remove(older)).toBe(false);
  expect([open.size, open.get('a')]).toEqual([1, newer]);
  expect(open.remove(newer)).toBe(true);
  expect(open.remove(newer)).toBe(false);
  expect([open.size, open.get('a'), [...open]]).toEqual([0, undefined, []]);
});

test('thousands of devices that come once and go leave those that are here, and may come again', () => {
  const open = new OpenSessions();
  const here = sessionOf('here');
  open.put(here);
  for (let round = 0; round < 2; round++) {
    const guests = Array.from({ length: 5000 }, (_, i) => sessionOf(`guest ${i}`));
    for (const guest of guests) expect(open.put(guest)).toBeUndefined();
    expect(open.size).toBe(5001);
    for (const guest of guests) expect(open.remove(guest)).toBe(true);
    expect([...open]).toEqual([here]);
  }
  expect(open.size).toBe(1);
});
