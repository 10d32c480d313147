/**
 * What ThingsBoard's performance tests send: a meter with 3 values, a tracker with 5 and a controller with 60. `#` is the
 * time, `@` a digit that changes (`load/main.c`). The names of keys differ, so that each is counted by itself.
 */
export interface Payload {
  readonly name: string;
  readonly template: string;
  readonly keys: readonly string[];
}

function payload(name: string, values: Readonly<Record<string, string>>): Payload {
  const members = Object.entries(values).map(([key, value]) => `"${key}":${value}`);
  return { name, template: `{"ts":#############,"values":{${members.join(',')}}}`, keys: Object.keys(values) };
}

export const smartMeter = payload('SMART_METER', { pulseCounter: '1@@@@@', leakage: 'false', batteryLevel: '1@' });
export const smartTracker = payload('SMART_TRACKER', {
  latitude: '4@.1@@@@@',
  longitude: '2@.1@@@@@',
  speed: '6@',
  fuel: '7@',
  trackerBattery: '1@',
});
export const industrialPlc = payload(
  'INDUSTRIAL_PLC',
  Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`line${String(i).padStart(3, '0')}`, '1@@@'])),
);
