/** What a dashboard gives to its widgets: the devices of their sources, the time that is shown, the values that come. */
import { useQuery } from '@tanstack/react-query';
import { createContext, useContext, useMemo } from 'react';
import type { Widget, WidgetSource } from '#contract/dashboards.ts';
import type { Device } from '#contract/devices.ts';
import type { LiveTopic } from '#contract/live.ts';
import { gapura } from '../api.ts';
import type { TimeRange } from '../charts/time-range.ts';
import type { LiveView } from '../live/live-feed.ts';
import { useLive } from '../live/use-live.ts';

export type WidgetOf<K extends Widget['kind']> = Extract<Widget, { kind: K }>;

export interface WidgetProps<K extends Widget['kind']> {
  readonly widget: WidgetOf<K>;
}

/** What a variable says at the moment. */
export type VariableValue =
  | { readonly type: 'device'; readonly deviceId: string | undefined }
  | { readonly type: 'profile'; readonly profileId: string | undefined };

export interface DashboardContext {
  readonly range: TimeRange;
  readonly variables: Readonly<Record<string, VariableValue>>;
  setRange(range: TimeRange): void;
}

export const DashboardScope = createContext<DashboardContext>({
  range: { kind: '1h' },
  variables: {},
  setRange: () => {},
});

export function useDashboard(): DashboardContext {
  return useContext(DashboardScope);
}

export interface SourceDevices {
  readonly devices: readonly Device[];
  /** There are more than are shown. */
  readonly isCut: boolean;
  readonly isPending: boolean;
  readonly error: unknown;
  /** A variable that nobody has set. */
  readonly isUnset: boolean;
  refetch(): void;
}

/** Of a profile, by name; more cannot be looked at in one widget. */
export const sourceDevicesLimit = 200;

/** The devices that a widget shows. */
export function useSourceDevices(source: WidgetSource): SourceDevices {
  const { variables } = useDashboard();
  const meant = resolveSource(source, variables);
  const query = useQuery({
    queryKey: ['devices', 'of-widget', meant],
    queryFn: async ({ signal }) => {
      if (meant?.type === 'device') return { items: [await gapura.devices.get(meant.deviceId, signal)], isCut: false };
      if (meant === undefined) return { items: [], isCut: false };
      const page = await gapura.devices.list({ profileId: meant.profileId, limit: sourceDevicesLimit }, signal);
      return { items: page.items, isCut: page.nextCursor !== null };
    },
    enabled: meant !== undefined,
    staleTime: 30_000,
    // Devices that join a profile appear.
    refetchInterval: 60_000,
  });
  return {
    devices: query.data?.items ?? [],
    isCut: query.data?.isCut ?? false,
    isPending: meant !== undefined && query.isPending,
    error: query.data === undefined ? query.error : null,
    isUnset: meant === undefined,
    refetch: () => void query.refetch(),
  };
}

export function resolveSource(
  source: WidgetSource,
  variables: DashboardContext['variables'],
): { type: 'device'; deviceId: string } | { type: 'profile'; profileId: string } | undefined {
  if (source.type !== 'variable') return source;
  const value = variables[source.name];
  if (value?.type === 'device' && value.deviceId !== undefined) return { type: 'device', deviceId: value.deviceId };
  if (value?.type === 'profile' && value.profileId !== undefined)
    return { type: 'profile', profileId: value.profileId };
  return undefined;
}

/** Latest values of these keys, kept up to date. */
export function useLatest(
  devices: readonly Device[],
  keys: readonly string[] | undefined,
  topics: readonly LiveTopic[] = ['telemetry'],
): LiveView {
  const deviceIds = useMemo(() => devices.map(({ id }) => id), [devices]);
  const wantedKeys = keys?.filter((key) => key !== '');
  return useLive({
    deviceIds,
    topics,
    ...(wantedKeys !== undefined && wantedKeys.length > 0 && { keys: wantedKeys }),
  });
}
