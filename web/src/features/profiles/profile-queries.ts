/** What the pages of profiles ask for. */
import { queryOptions } from '@tanstack/react-query';
import type { Profile } from '#contract/profiles.ts';
import { gapura } from '../../api.ts';

/** Tenants have a few dozen; a list with more than this is cut, and says so. */
export const shownProfilesLimit = 1000;

export const profilesQuery = queryOptions({
  queryKey: ['profiles', 'all'],
  queryFn: ({ signal }) => gapura.profiles.list({ limit: shownProfilesLimit }, signal),
});

export const profileQuery = (id: string) =>
  queryOptions({ queryKey: ['profiles', id], queryFn: ({ signal }) => gapura.profiles.get(id, signal) });

export interface SeenKey {
  readonly key: string;
  readonly devices: number;
  readonly lastTs: number;
  readonly lastValue: unknown;
}

/** As many devices as the keys are looked for in: those that were heard of last. */
export const sampledDevices = 100;

/** The telemetry keys that devices of a profile send, most common first, and the devices that were asked. */
export const seenKeysQuery = (profileId: string) =>
  queryOptions({
    queryKey: ['profiles', profileId, 'keys'],
    queryFn: async ({ signal }) => {
      const page = await gapura.devices.list(
        { profileId, sort: 'lastActivityTime', order: 'desc', limit: sampledDevices },
        signal,
      );
      const ids = page.items.map(({ id }) => id);
      const latest = ids.length === 0 ? {} : await gapura.telemetry.latestOf(ids, undefined, signal);
      const keys = new Map<string, SeenKey>();
      for (const points of Object.values(latest)) {
        for (const [key, { ts, value }] of Object.entries(points)) {
          const known = keys.get(key);
          const isNewer = known === undefined || ts > known.lastTs;
          keys.set(key, {
            key,
            devices: (known?.devices ?? 0) + 1,
            lastTs: isNewer ? ts : known.lastTs,
            lastValue: isNewer ? value : known.lastValue,
          });
        }
      }
      const byCount = (a: SeenKey, b: SeenKey): number => b.devices - a.devices || a.key.localeCompare(b.key);
      return { keys: [...keys.values()].sort(byCount), devices: page.items, sampled: ids.length };
    },
    staleTime: 30_000,
  });

export type Provisioning = Profile['provisioning'];
export const strategies = ['DISABLED', 'CHECK_PRE_PROVISIONED_DEVICES', 'ALLOW_CREATE_NEW_DEVICES'] as const;
export const reprovisionPolicies = ['strict', 'return_existing', 'rotate'] as const;
export const minAuths = ['token', 'bearer', 'signed', 'mtls'] as const;
