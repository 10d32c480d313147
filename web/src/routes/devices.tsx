import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { parseRange } from '../features/dashboards/dashboard-search.ts';
import { appRoute } from './app.tsx';

/** What the list shows stands in the address, so that it can be sent to somebody. */
export interface DevicesSearch {
  readonly search?: string;
  readonly profile?: string;
  readonly state?: 'active' | 'inactive';
  readonly sort?: 'name' | 'createdAt' | 'lastActivityTime';
  readonly order?: 'asc' | 'desc';
  /** Telemetry keys with a column of their own, joined by commas. */
  readonly keys?: string;
  /** The first row in view, counted from 1. */
  readonly row?: number;
}

const oneOf = <T extends string>(value: unknown, allowed: readonly T[]): T | undefined =>
  allowed.find((each) => each === value);
const rowNumber = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 1 ? value : undefined;
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

export const devicesRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/devices',
  validateSearch: (search: Record<string, unknown>): DevicesSearch => {
    const parsed = {
      search: text(search['search']),
      profile: text(search['profile']),
      state: oneOf(search['state'], ['active', 'inactive'] as const),
      sort: oneOf(search['sort'], ['name', 'createdAt', 'lastActivityTime'] as const),
      order: oneOf(search['order'], ['asc', 'desc'] as const),
      keys: text(search['keys']),
      row: rowNumber(search['row']),
    };
    return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
  },
  component: lazyRouteComponent(() => import('../features/devices/devices-page.tsx'), 'DevicesPage'),
});

export const addDeviceRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/devices/add',
  component: lazyRouteComponent(() => import('../features/devices/add/add-device-page.tsx'), 'AddDevicePage'),
});

export const deviceTabs = ['overview', 'chart', 'attributes', 'credentials', 'events', 'audit'] as const;
export type DeviceTab = (typeof deviceTabs)[number];

export interface DeviceSearch {
  readonly tab?: DeviceTab;
  /** Telemetry keys in the chart, joined by commas. */
  readonly keys?: string;
  /** The time that it shows: `1h`, or `from-to` in ms. */
  readonly range?: string;
}

export const deviceRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/devices/$deviceId',
  validateSearch: (search: Record<string, unknown>): DeviceSearch => {
    const tab = oneOf(search['tab'], deviceTabs);
    const keys = text(search['keys']);
    const range = text(search['range']);
    return {
      ...(tab !== undefined && { tab }),
      ...(keys !== undefined && { keys }),
      ...(range !== undefined && parseRange(range) !== undefined && { range }),
    };
  },
  component: lazyRouteComponent(() => import('../features/devices/device/device-page.tsx'), 'DevicePage'),
});
