/** What the console bears, measured in its pages: by load.test.ts against its limits, by `npm run bench -- console` for the records. */
import { connectAsync, type MqttClient } from 'mqtt';
import type { Page } from 'playwright-core';
import type { CreateDashboard } from '#contract/dashboards.ts';
import type { Device } from '#contract/devices.ts';
import type { GapuraClient } from '#sdk/client.ts';

export const fleetSize = 50;
/** Of each device a second: a thousand values together. */
export const valuesPerDevice = 20;
export const chartCount = 10;
export const chartPoints = 10_000;

export interface SendingFleet {
  readonly devices: readonly Device[];
  stop(): Promise<void>;
}

/** Fifty devices that send a thousand values a second together, over MQTT, until they are stopped. */
export async function startSendingFleet(client: GapuraClient, mqttUrl: string): Promise<SendingFleet> {
  const devices = await Promise.all(
    Array.from({ length: fleetSize }, (_, i) => client.devices.create({ name: `pump-${String(i).padStart(2, '0')}` })),
  );
  const connections: MqttClient[] = [];
  for (const { credentials } of devices) {
    const username = credentials.type === 'ACCESS_TOKEN' ? credentials.token : '';
    connections.push(await connectAsync(mqttUrl, { username, reconnectPeriod: 0 }));
  }
  let turn = 0;
  const sending = setInterval(() => {
    turn++;
    for (const [i, one] of connections.entries()) {
      one.publish('v1/devices/me/telemetry', JSON.stringify({ level: (turn * 7 + i * 13) % 1000 }), { qos: 0 });
    }
  }, 1000 / valuesPerDevice);
  return {
    devices,
    async stop() {
      clearInterval(sending);
      await Promise.all(connections.splice(0).map((one) => one.endAsync(true)));
    },
  };
}

/** Four widgets that each want the values of all devices of a profile. */
export function fleetDashboard(profileId: string): CreateDashboard {
  const source = { type: 'profile', profileId } as const;
  const at = (id: string, x: number, y: number, w: number, h: number) => ({ id, x, y, w, h, title: id, source });
  return {
    name: 'All',
    layout: {
      version: 1,
      range: 'live',
      variables: [],
      widgets: [
        { ...at('table', 0, 0, 6, 8), kind: 'table', keys: ['level'] },
        { ...at('lines', 6, 0, 6, 4), kind: 'timeSeries', keys: ['level'] },
        { ...at('mean', 6, 4, 3, 4), kind: 'value', key: 'level' },
        { ...at('bars', 9, 4, 3, 4), kind: 'bar', key: 'level' },
      ],
    },
  };
}

/** A device with ten keys of 10,000 points each within the last seconds, and a dashboard with a chart of each. */
export async function createCharts(
  client: GapuraClient,
  range: 'live' | '1h',
  spanS: number,
): Promise<CreateDashboard> {
  const { id: deviceId } = await client.devices.create({ name: `mill-${range}` });
  const keys = Array.from({ length: chartCount }, (_, i) => `k${i}`);
  const nowMs = Date.now();
  for (let from = 0; from < chartPoints; from += 1000) {
    const batch = Array.from({ length: 1000 }, (_, i) => ({
      ts: Math.round(nowMs - spanS * 1000 + ((from + i) * spanS * 1000) / chartPoints),
      values: Object.fromEntries(keys.map((key, k) => [key, Math.sin((from + i) / (20 + k)) + ((i * 7919) % 13) / 50])),
    }));
    await client.telemetry.write(deviceId, batch);
  }
  return {
    name: `Charts ${range}`,
    layout: {
      version: 1,
      range,
      variables: [],
      widgets: keys.map((key, i) => ({
        ...{ id: key, x: 0, y: i * 6, w: 12, h: 6, title: key },
        ...{ kind: 'timeSeries', source: { type: 'device', deviceId }, keys: [key] },
      })),
    },
  };
}

export interface Load {
  /** Values that came in by the socket. */
  readonly received: number;
  /** How often the document was changed: one for each rendering. */
  readonly renderings: number;
  readonly seconds: number;
  /** From the press of a key to the frame that shows it, ms; in ascending order. */
  readonly delaysMs: readonly number[];
}

/** Counts the values that a page receives by its socket. @returns the count so far, to be asked again */
export function countReceived(page: Page): () => number {
  let received = 0;
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      received += String(payload).split('"key":').length - 1;
    }),
  );
  return () => received;
}

/** Types while values come, and looks at how often the page was drawn and how long each key took. */
export async function typeUnderLoad(page: Page, receivedBy: () => number, field: string, text: string): Promise<Load> {
  await page.evaluate(watchPage);
  const before = receivedBy();
  const beganMs = performance.now();
  await page.locator(field).pressSequentially(text, { delay: 120 });
  const { renderings, delaysMs } = await page.evaluate<Pick<Load, 'renderings' | 'delaysMs'>>('window.watched()');
  const seconds = (performance.now() - beganMs) / 1000;
  return { received: receivedBy() - before, renderings, seconds, delaysMs: delaysMs.toSorted((a, b) => a - b) };
}

export interface Scrolling {
  /** The time of each frame, in ascending order. */
  readonly framesMs: readonly number[];
  /** Charts that were drawn in the second after it. */
  readonly drawn: number;
}

/** Scrolls a dashboard down and up in steps of a wheel. */
export async function scrollCharts(page: Page): Promise<Scrolling> {
  await page
    .locator('.time-chart canvas')
    .nth(chartCount - 1)
    .waitFor();
  const { framesMs, drawn } = await page.evaluate<Scrolling>(scrollPage);
  return { framesMs: framesMs.toSorted((a, b) => a - b), drawn };
}

/** In the page: counts renderings and takes the time from each key to the frame after it. */
const watchPage = `{
  let renderings = 0;
  const delaysMs = [];
  const observer = new MutationObserver(() => renderings++);
  observer.observe(document.body, { childList: true, characterData: true, attributes: true, subtree: true });
  const onKey = (event) => {
    // A task after the next frame: by then it is painted.
    requestAnimationFrame(() => setTimeout(() => delaysMs.push(performance.now() - event.timeStamp)));
  };
  addEventListener('keydown', onKey, true);
  window.watched = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    observer.disconnect();
    removeEventListener('keydown', onKey, true);
    return { renderings, delaysMs };
  };
}`;

/** In the page: scrolls down and up in steps of a wheel. @returns the time of each frame, and the charts drawn at the end */
const scrollPage = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const scroller = [...document.querySelectorAll('main, main *'), document.scrollingElement]
    .find((one) => one.scrollHeight > one.clientHeight + 500 && /auto|scroll/.test(getComputedStyle(one).overflowY))
    ?? document.scrollingElement;
  const framesMs = [];
  await frame();
  let beforeMs = performance.now();
  for (const stepPx of [40, -40]) {
    for (let i = 0; i < 90; i++) {
      scroller.scrollBy(0, stepPx);
      await frame();
      framesMs.push(performance.now() - beforeMs);
      beforeMs = performance.now();
    }
  }
  let drawn = 0;
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  const seen = new Set();
  CanvasRenderingContext2D.prototype.clearRect = function (...args) {
    seen.add(this.canvas);
    return clear.apply(this, args);
  };
  await new Promise((resolve) => setTimeout(resolve, 1000));
  CanvasRenderingContext2D.prototype.clearRect = clear;
  return { framesMs, drawn: seen.size, height: scroller.scrollHeight };
})()`;
