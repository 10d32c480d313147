import { expect, test } from 'vitest';
import { createMemoryBus } from './memory.ts';
import type { BusMessage } from './subjects.ts';

const message: BusMessage = { kind: 'device.created', tenantId: 't', deviceId: 'd' };

function collect(): { heard: string[]; bus: ReturnType<typeof createMemoryBus>; faults: unknown[] } {
  const faults: unknown[] = [];
  return { heard: [], faults, bus: createMemoryBus((error) => faults.push(error)) };
}

test('a subscriber hears its subject and nothing else', () => {
  const { heard, bus } = collect();
  bus.subscribe('devices.t.d', (_message, subject) => heard.push(subject));
  bus.publish('devices.t.d', message);
  bus.publish('devices.t.other', message);
  expect(heard).toEqual(['devices.t.d']);
});

test('a star stands for exactly one token', () => {
  const { heard, bus } = collect();
  bus.subscribe('devices.t.*', (_message, subject) => heard.push(subject));
  for (const subject of ['devices.t.a', 'devices.u.a', 'devices.t', 'devices.t.a.b']) bus.publish(subject, message);
  expect(heard).toEqual(['devices.t.a']);
});

test('interest ends with the last subscription', () => {
  const { bus } = collect();
  const first = bus.subscribe('devices.t.d', () => {});
  const second = bus.subscribe('devices.*.d', () => {});
  first();
  expect(bus.hasInterest('devices.t.d')).toBe(true);
  second();
  expect(bus.hasInterest('devices.t.d')).toBe(false);
});

test('one question tells whether anybody listens to subjects of a kind', () => {
  const { bus } = collect();
  expect(bus.hasInterestWithin('devices')).toBe(false);
  const ends = ['devices.t.d', 'devices.*.d', '*.t.d'].map((pattern) => bus.subscribe(pattern, () => {}));
  expect(bus.hasInterestWithin('devices')).toBe(true);
  ends[2]?.();
  expect(bus.hasInterestWithin('telemetry')).toBe(false);
  ends[0]?.();
  ends[0]?.();
  expect(bus.hasInterestWithin('devices')).toBe(true);
  ends[1]?.();
  expect(bus.hasInterestWithin('devices')).toBe(false);
});

test('a listener that throws disturbs neither the publisher nor the others', () => {
  const { heard, faults, bus } = collect();
  bus.subscribe('devices.t.d', () => {
    throw new Error('broken listener');
  });
  bus.subscribe('devices.t.d', (_message, subject) => heard.push(subject));
  bus.publish('devices.t.d', message);
  expect(heard).toHaveLength(1);
  expect(faults).toHaveLength(1);
});
