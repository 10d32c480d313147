import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { gapura } from '../../api.ts';
import { toNumber } from '../../charts/series.ts';
import { useFormat } from '../../i18n/format.ts';
import { Skeleton } from '../../ui/states.tsx';
import { useLatest, useSourceDevices, type WidgetProps } from '../context.ts';
import { textOf } from '../numbers.ts';
import { WidgetState } from '../widget-state.tsx';
import type { MapPlace } from './leaflet-map.tsx';

const LeafletMap = lazy(() => import('./leaflet-map.tsx').then((module) => ({ default: module.LeafletMap })));

/** Where devices are: on the tiles that the operator has set, or on a picture of a plan. */
export function MapWidget({ widget }: WidgetProps<'map'>) {
  const { t } = useTranslation('dashboards');
  const format = useFormat();
  const { latitudeKey, longitudeKey, valueKey } = widget;
  const source = useSourceDevices(widget.source);
  const keys = [latitudeKey, longitudeKey, ...(valueKey === undefined ? [] : [valueKey])];
  const live = useLatest(source.devices, keys, ['telemetry', 'activity']);
  const settings = useQuery({
    queryKey: ['map-settings'],
    queryFn: ({ signal }) => gapura.dashboards.map(signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const places = useMemo(
    () =>
      source.devices.flatMap(({ id, name, active }): MapPlace[] => {
        const known = live.devices.get(id);
        const latitude = toNumber(known?.telemetry?.[latitudeKey]?.value);
        const longitude = toNumber(known?.telemetry?.[longitudeKey]?.value);
        if (latitude === null || longitude === null) return [];
        const value = valueKey === undefined ? undefined : known?.telemetry?.[valueKey]?.value;
        const note = value === undefined ? '' : typeof value === 'number' ? format.number(value) : textOf(value);
        return [{ id, name, latitude, longitude, isActive: known?.activity?.active ?? active, note }];
      }),
    [source.devices, live, latitudeKey, longitudeKey, valueKey, format],
  );
  return (
    <WidgetState source={source}>
      <div className="relative isolate h-full overflow-hidden rounded-b-lg">
        <Suspense fallback={<Skeleton className="h-full w-full" />}>
          {settings.data !== undefined && (
            <LeafletMap
              label={widget.title}
              places={places}
              tilesUrl={settings.data.tilesUrl}
              attribution={settings.data.attribution}
              plan={widget.plan}
            />
          )}
        </Suspense>
        {places.length === 0 && (
          <p className="absolute inset-x-0 bottom-0 z-10 bg-surface/90 p-2 text-center text-ink-2 text-xs">
            {t('widget.noPlaces', { latitude: latitudeKey, longitude: longitudeKey })}
          </p>
        )}
      </div>
    </WidgetState>
  );
}
