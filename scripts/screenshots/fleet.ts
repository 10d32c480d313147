/** A place that has run for a day, for pictures: greenhouses, lorries, meters and water above a valley in Bali. */
import { connectAsync, type MqttClient } from 'mqtt';
import type { Device } from '#contract/devices.ts';
import type { GapuraClient } from '#sdk/client.ts';

const dayMs = 86_400_000;
/** Of the history, before live values follow. */
const historyStepMs = 120_000;
const liveStepMs = 2000;
/** What a live chart shows. */
const liveWindowMs = 330_000;
const topic = 'v1/devices/me/telemetry';
/** Points of time in one message. */
const batch = 200;

/** Values at a time: the same time gives the same values, so that what is live goes on where the history ends. */
type Signal = (ms: number) => Record<string, number | boolean>;

interface Planned {
  readonly name: string;
  readonly label: string;
  readonly profile: string;
  readonly signal: Signal;
  /** Sent its last value so long ago. */
  readonly silentMs?: number;
}

const profiles = {
  Greenhouse: 'Climate and soil of each bed',
  'Cold chain': 'Refrigerated lorries',
  'Energy meter': 'What each hall takes',
  Water: 'Weirs, tanks and pumps',
} as const;

/** 0 at night, 1 at noon, in the time of western Indonesia. */
const daylight = (ms: number): number => Math.max(0, Math.sin((((ms / 3_600_000 + 7) % 24) / 24) * 2 * Math.PI - 1.5));
const round = (value: number, digits = 1): number => Number(value.toFixed(digits));
/** Between -1 and 1, and the same for the same moment and seed. */
function noise(ms: number, seed: number): number {
  const at = ms / 30_000;
  const point = (i: number): number => (Math.abs(Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453) % 1) * 2 - 1;
  const share = at - Math.floor(at);
  return point(Math.floor(at)) * (1 - share) + point(Math.floor(at) + 1) * share;
}

/** @param x and y on the plan of the site, in percent */
function bed(i: number, x: number, y: number): Signal {
  return (ms) => {
    const sun = daylight(ms - i * 400_000);
    const dryness = ((ms / 3_600_000 + i * 1.7) % 8) / 8;
    return {
      temperature: round(23.2 + 8 * sun + (i % 4) * 0.5 + 0.35 * noise(ms, i)),
      humidity: round(86 - 24 * sun + 1.2 * noise(ms, i + 30)),
      soilMoisture: round(61 - 17 * dryness + 0.4 * noise(ms, i + 60)),
      battery: Math.round(96 - i * 2.3 - dryness),
      ...{ x, y },
    };
  };
}

function lorry(i: number): Signal {
  return (ms) => {
    const isOpen = (ms / 60_000 + i * 23) % 170 < 6;
    const cooling = Math.sin((ms / 60_000 + i * 9) / 4);
    return {
      temperature: round(3.4 + (i % 3) * 0.4 + 0.5 * cooling + 0.2 * noise(ms, i + 90) + (isOpen ? 2.4 : 0)),
      speed: isOpen ? 0 : Math.max(0, Math.round(46 + 18 * noise(ms / 24, i + 120))),
      doorOpen: isOpen,
      battery: round(88 - i * 4 + noise(ms, i), 0),
    };
  };
}

function meter(i: number, watts: number): Signal {
  return (ms) => {
    const isOn = (ms / 60_000 + i * 11) % (26 + i * 5) < 14;
    const power = watts * (0.25 + 0.5 * daylight(ms)) + (isOn ? watts * 0.45 : 0) + watts * 0.03 * noise(ms, i + 150);
    return {
      power: Math.round(power),
      voltage: round(229.4 + 1.8 * noise(ms, i + 180)),
      energyKwh: round(ms / 4e8 + i),
    };
  };
}

function water(i: number): Signal {
  return (ms) => {
    const level = 71 + 14 * Math.sin(ms / 14_400_000 + i) + 0.6 * noise(ms, i + 210);
    return { level: round(level), flow: round(18 + level / 5 + 1.5 * noise(ms, i + 240)), pumpOn: level < 70 };
  };
}

const beds = ['Tomatoes', 'Chillies', 'Lettuce', 'Strawberries', 'Seedlings'];
const routes = ['Denpasar – Singaraja', 'Denpasar – Tabanan', 'Gianyar – Denpasar', 'Tabanan – Bedugul', 'Depot'];
const halls: readonly (readonly [string, string, number])[] = [
  ['ice-plant', 'Compressor 1', 5400],
  ['packing-hall', 'Main board', 3100],
  ['cold-store', 'Cells 1 to 4', 4200],
  ['office', 'Ground floor', 640],
];
const waters = [
  ['weir-yeh-ho', 'Upper canal'],
  ['tank-east', '40 m³'],
  ['pump-terrace-7', 'Lower canal'],
];

const planned: readonly Planned[] = [
  ...beds.flatMap((crop, house) =>
    ['a', 'b'].map((side, s): Planned => {
      const name = `gh${house + 1}-bed-${side}`;
      const label = `${crop}, ${s === 0 ? 'north' : 'south'} side`;
      return { name, label, profile: 'Greenhouse', signal: bed(house * 2 + s, 14 + house * 18, 28 + s * 42) };
    }),
  ),
  ...routes.map((route, i): Planned => {
    const name = `DK ${8123 + i * 417} ${'KLMNP'[i]}B`;
    return { name, label: route, profile: 'Cold chain', signal: lorry(i), ...(i === 4 && { silentMs: 5_400_000 }) };
  }),
  ...halls.map(
    ([name, label, watts], i): Planned => ({ name, label, profile: 'Energy meter', signal: meter(i, watts) }),
  ),
  ...waters.map(([name = '', label = ''], i): Planned => ({ name, label, profile: 'Water', signal: water(i) })),
];

/** As a device keeps it while it is offline, and sends it then. */
function historyOf(signal: Signal, fromMs: number, toMs: number): object[][] {
  const points: object[] = [];
  for (let ts = fromMs; ts < toMs; ts += ts > toMs - liveWindowMs ? liveStepMs : historyStepMs) {
    points.push({ ts, values: signal(ts) });
  }
  return Array.from({ length: Math.ceil(points.length / batch) }, (_, i) => points.slice(i * batch, (i + 1) * batch));
}

export interface LivingFleet {
  /** By name. */
  readonly devices: ReadonlyMap<string, Device>;
  /** Lets those that are not silent go on. @returns the function that ends it */
  live(): Promise<() => Promise<void>>;
}

/** Brings the devices in, with a day of history. */
export async function createLivingFleet(client: GapuraClient, mqttUrl: string): Promise<LivingFleet> {
  const profileIds = new Map<string, string>();
  for (const [name, description] of Object.entries(profiles)) {
    const provisioning = { strategy: 'ALLOW_CREATE_NEW_DEVICES' } as const;
    profileIds.set(name, (await client.profiles.create({ name, description, provisioning })).id);
  }
  const nowMs = Date.now();
  const devices = new Map<string, Device>();
  const going: { readonly username: string; readonly signal: Signal }[] = [];
  for (const { name, label, profile, signal, silentMs = 0 } of planned) {
    const made = await client.devices.create({ name, label, profileId: profileIds.get(profile) ?? '' });
    devices.set(name, made);
    await client.attributes.write(made.id, 'shared', { intervalSeconds: liveStepMs / 1000, site: 'Jatiluwih' });
    await client.attributes.write(made.id, 'server', { servicedBy: 'Ketut', installed: '2026-03-14' });
    if (made.credentials.type !== 'ACCESS_TOKEN') continue;
    const username = made.credentials.token;
    const connection = await connectAsync(mqttUrl, { username, reconnectPeriod: 0 });
    for (const points of historyOf(signal, nowMs - dayMs, nowMs - silentMs)) {
      await connection.publishAsync(topic, JSON.stringify(points), { qos: 1 });
    }
    await connection.endAsync();
    if (silentMs === 0) going.push({ username, signal });
  }
  return {
    devices,
    async live() {
      const connections: MqttClient[] = [];
      for (const { username } of going) connections.push(await connectAsync(mqttUrl, { username, reconnectPeriod: 0 }));
      const send = (): void => {
        for (const [i, { signal }] of going.entries()) {
          connections[i]?.publish(topic, JSON.stringify(signal(Date.now())), { qos: 0 });
        }
      };
      send();
      const sending = setInterval(send, liveStepMs);
      return async () => {
        clearInterval(sending);
        await Promise.all(connections.map((connection) => connection.endAsync(true)));
      };
    },
  };
}
