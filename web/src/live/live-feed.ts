/** What is known of some devices, kept up to date, and told in steps: a thousand changes a second are ten renderings. */
import type { GapuraError } from '#sdk/error.ts';
import type { LiveChange, LiveClient, LiveDevice, LiveWanted } from '#sdk/live.ts';
import type { Steps } from './steps.ts';

export interface LiveView {
  /** Whether the first snapshot has come. */
  readonly isReady: boolean;
  /** By device id. A device that did not change is the same object as before. */
  readonly devices: ReadonlyMap<string, LiveDevice>;
}

export const emptyView: LiveView = { isReady: false, devices: new Map() };

export interface LiveFeedOptions {
  onView(view: LiveView): void;
  /** Every change as it comes, for charts. */
  onChanges?(changes: readonly LiveChange[]): void;
  /** After an interruption or a deletion: the history says what there is. */
  onGap?(): void;
  onError?(error: GapuraError): void;
}

/** @returns the function that ends it */
export function openLiveFeed(
  live: Pick<LiveClient, 'subscribe'>,
  wanted: LiveWanted,
  steps: Steps,
  options: LiveFeedOptions,
): () => void {
  let devices = new Map<string, LiveDevice>();
  let isReady = false;

  const tell = (): void => options.onView({ isReady, devices: new Map(devices) });

  const subscription = live.subscribe(wanted, {
    onSnapshot(snapshot) {
      const isAgain = isReady;
      devices = new Map(Object.entries(snapshot));
      isReady = true;
      steps.forget(tell);
      tell();
      if (isAgain) options.onGap?.();
    },
    onChanges(changes, coalesced) {
      for (const change of changes) applyChange(devices, change);
      steps.atNext(tell);
      options.onChanges?.(changes);
      // What charts have drawn of it is gone from the history.
      const isDeleted = changes.some(({ type }) => type === 'telemetryDeleted');
      if (coalesced || isDeleted) options.onGap?.();
    },
    onError: (error) => options.onError?.(error),
  });

  return () => {
    steps.forget(tell);
    subscription.end();
  };
}

/** Changes the map; devices in it are replaced, never changed. */
export function applyChange(devices: Map<string, LiveDevice>, change: LiveChange): void {
  if (change.type === 'deviceDeleted') {
    devices.delete(change.deviceId);
    return;
  }
  const device = devices.get(change.deviceId) ?? {};
  if (change.type === 'telemetry') {
    const telemetry = { ...device.telemetry };
    for (const { key, ts, value } of change.points) {
      const known = telemetry[key];
      if (known === undefined || ts >= known.ts) telemetry[key] = { ts, value };
    }
    devices.set(change.deviceId, { ...device, telemetry });
  } else if (change.type === 'telemetryDeleted') {
    const isLeft = (key: string, ts: number): boolean =>
      ts < change.fromTs || ts >= change.toTs || change.keys?.includes(key) === false;
    const left = Object.entries(device.telemetry ?? {}).filter(([key, { ts }]) => isLeft(key, ts));
    devices.set(change.deviceId, { ...device, telemetry: Object.fromEntries(left) });
  } else if (change.type === 'activity') {
    const { active, lastConnectTime, lastActivityTime, lastDisconnectTime, connection } = change;
    devices.set(change.deviceId, {
      ...device,
      activity: { active, lastConnectTime, lastActivityTime, lastDisconnectTime, connection },
    });
  } else {
    const attributes = device.attributes ?? { client: {}, shared: {}, server: {} };
    const scope = { ...attributes[change.scope], ...change.updated };
    for (const key of change.deleted) delete scope[key];
    devices.set(change.deviceId, { ...device, attributes: { ...attributes, [change.scope]: scope } });
  }
}
