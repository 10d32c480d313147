/** Leaflet: loaded when a dashboard shows a map. It asks for tiles where the operator said, and nowhere else. */
import { useNavigate } from '@tanstack/react-router';
import L from 'leaflet';
import 'leaflet/dist/leaflet.css';
import './map.css';
import { useEffect, useRef } from 'react';
import type { WidgetOf } from '../context.ts';

export interface MapPlace {
  readonly id: string;
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly isActive: boolean;
  readonly note: string;
}

export interface LeafletMapProps {
  readonly label: string;
  readonly places: readonly MapPlace[];
  readonly tilesUrl: string | null;
  readonly attribution: string;
  readonly plan: WidgetOf<'map'>['plan'];
}

/** The middle of Indonesia, until devices say where they are. */
const middle: L.LatLngTuple = [-2.5, 118];

export function LeafletMap({ label, places, tilesUrl, attribution, plan }: LeafletMapProps) {
  const navigate = useNavigate();
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<L.Map>(undefined);
  const markers = useRef(new Map<string, L.CircleMarker>());
  const hasFitted = useRef(false);
  const open = useRef((_id: string): void => {});
  useEffect(() => {
    open.current = (id) => void navigate({ to: '/devices/$deviceId', params: { deviceId: id } });
  });

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const chart = L.map(element, {
      crs: plan === undefined ? L.CRS.EPSG3857 : L.CRS.Simple,
      attributionControl: false,
      minZoom: plan === undefined ? 1 : -5,
      zoomSnap: 0.5,
    });
    if (plan !== undefined) {
      const bounds: L.LatLngBoundsLiteral = [
        [0, 0],
        [plan.height, plan.width],
      ];
      L.imageOverlay(plan.image, bounds).addTo(chart);
      chart.fitBounds(bounds);
      hasFitted.current = true;
    } else {
      chart.setView(middle, 4);
      // Without tiles it is what says how far apart things are.
      L.control.scale({ imperial: false }).addTo(chart);
      hasFitted.current = false;
      if (tilesUrl !== null) {
        L.tileLayer(tilesUrl, { maxZoom: 19 }).addTo(chart);
        const control = L.control.attribution({ prefix: false }).addTo(chart);
        // Leaflet takes it for HTML; the operator wrote text.
        if (attribution !== '') control.addAttribution(escapeHtml(attribution));
      }
    }
    map.current = chart;
    const known = markers.current;
    const observer = new ResizeObserver(() => chart.invalidateSize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      known.clear();
      chart.remove();
      map.current = undefined;
    };
  }, [plan, tilesUrl, attribution]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a map made anew has to be filled anew
  useEffect(() => {
    const chart = map.current;
    if (chart === undefined) return;
    const style = getComputedStyle(document.documentElement);
    const shown = new Set<string>();
    for (const { id, name, latitude, longitude, isActive, note } of places) {
      shown.add(id);
      const at: L.LatLngTuple =
        plan === undefined ? [latitude, longitude] : [(latitude / 100) * plan.height, (longitude / 100) * plan.width];
      const fillColor = style.getPropertyValue(isActive ? '--ok-dot' : '--ink-3').trim();
      let marker = markers.current.get(id);
      if (marker === undefined) {
        marker = L.circleMarker(at, { radius: 8, weight: 2, color: '#fff', fillOpacity: 0.95, fillColor });
        marker.on('click', () => open.current(id)).addTo(chart);
        markers.current.set(id, marker);
        // Leaflet draws for pointers alone: as a link with a name it is there for keys and screen readers, too.
        const shape = marker.getElement();
        shape?.setAttribute('tabindex', '0');
        shape?.setAttribute('role', 'link');
        shape?.addEventListener('keydown', (event) => {
          if (!(event instanceof KeyboardEvent) || event.key !== 'Enter') return;
          event.preventDefault();
          open.current(id);
        });
      } else {
        marker.setLatLng(at).setStyle({ fillColor });
      }
      // An element: what a device is called is text, and never HTML.
      const text = document.createElement('span');
      text.textContent = note === '' ? name : `${name} · ${note}`;
      marker.getElement()?.setAttribute('aria-label', text.textContent);
      marker.bindTooltip(text, { direction: 'top', offset: [0, -6] });
    }
    for (const [id, marker] of markers.current) {
      if (shown.has(id)) continue;
      marker.remove();
      markers.current.delete(id);
    }
    if (!hasFitted.current && places.length > 0) {
      hasFitted.current = true;
      chart.fitBounds(L.latLngBounds(places.map(({ latitude, longitude }) => [latitude, longitude])), {
        padding: [30, 30],
        maxZoom: 15,
      });
    }
  }, [places, plan, tilesUrl, attribution]);

  return <section ref={box} aria-label={label} className="h-full w-full bg-sunken! outline-offset-[-2px]" />;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
