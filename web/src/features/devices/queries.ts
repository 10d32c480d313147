/** What the pages of devices ask for; the first words of a key are what a change invalidates. */
import { queryOptions } from '@tanstack/react-query';
import type { DeviceListQuery } from '#contract/devices.ts';
import { gapura } from '../../api.ts';

/** What is listed, in which order. */
export type DeviceListing = Omit<DeviceListQuery, 'cursor' | 'limit' | 'offset' | 'withTotal'>;

export const devicesPageSize = 100;
/** Devices that came meanwhile appear without being asked for. */
const listAgeMs = 15_000;

/** @param number of the page, from 0 on */
export const devicePageQuery = (listing: DeviceListing, number: number) =>
  queryOptions({
    queryKey: ['devices', 'list', listing, number],
    queryFn: ({ signal }) =>
      gapura.devices.list(
        { ...listing, limit: devicesPageSize, offset: number * devicesPageSize, withTotal: true },
        signal,
      ),
    refetchInterval: listAgeMs,
  });

export const deviceQuery = (id: string) =>
  queryOptions({ queryKey: ['devices', 'one', id], queryFn: ({ signal }) => gapura.devices.get(id, signal) });

export const telemetryKeysQuery = (id: string) =>
  queryOptions({
    queryKey: ['devices', 'one', id, 'keys'],
    queryFn: ({ signal }) => gapura.telemetry.keys(id, signal),
    staleTime: 30_000,
  });

export const profilesQuery = queryOptions({
  queryKey: ['profiles'],
  queryFn: async ({ signal }) => {
    const profiles = [];
    for await (const profile of gapura.profiles.all(signal)) {
      profiles.push(profile);
      // A list to choose from; more than this would need a search of its own.
      if (profiles.length >= 500) break;
    }
    return profiles;
  },
  staleTime: 30_000,
});
