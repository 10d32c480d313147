/** What the pages of devices ask for; the first words of a key are what a change invalidates. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { DeviceListQuery } from '#contract/devices.ts';
import { gapura } from '../../api.ts';

export const devicesPageSize = 100;

export const deviceListQuery = (query: Omit<DeviceListQuery, 'cursor' | 'limit'>) =>
  infiniteQueryOptions({
    queryKey: ['devices', 'list', query],
    queryFn: ({ pageParam, signal }) =>
      gapura.devices.list(
        { ...query, limit: devicesPageSize, ...(pageParam !== null && { cursor: pageParam }) },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
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
