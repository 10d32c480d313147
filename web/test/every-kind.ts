/** A dashboard with a widget of each kind. */
import type { DashboardLayout } from '#contract/dashboards.ts';

export function everyKind(deviceId: string): DashboardLayout {
  const source = { type: 'variable', name: 'device' } as const;
  const plan = {
    image:
      'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    width: 100,
    height: 60,
  };
  return {
    version: 1,
    range: 'live',
    variables: [
      { name: 'device', label: 'Machine', type: 'device', deviceId },
      { name: 'kind', label: 'Kind', type: 'profile' },
    ],
    widgets: [
      { id: 'w1', x: 0, y: 0, w: 3, h: 3, title: 'Temperature', kind: 'value', source, key: 'temperature', unit: '°C' },
      { id: 'w2', x: 3, y: 0, w: 3, h: 3, title: 'Gauge', kind: 'gauge', source, key: 'temperature', min: 0, max: 50 },
      { id: 'w3', x: 6, y: 0, w: 6, h: 6, title: 'History', kind: 'timeSeries', source, keys: ['temperature'] },
      { id: 'w4', x: 0, y: 3, w: 3, h: 3, title: 'Fleet', kind: 'statusGrid', source },
      { id: 'w5', x: 3, y: 3, w: 3, h: 3, title: 'Note', kind: 'text', text: '<b>text</b>' },
      {
        id: 'w6',
        x: 0,
        y: 6,
        w: 4,
        h: 4,
        title: 'Plan',
        kind: 'map',
        source,
        latitudeKey: 'lat',
        longitudeKey: 'lon',
        plan,
      },
      { id: 'w7', x: 4, y: 6, w: 4, h: 4, title: 'Map', kind: 'map', source, latitudeKey: 'lat', longitudeKey: 'lon' },
      { id: 'w8', x: 8, y: 6, w: 4, h: 4, title: 'Table', kind: 'table', source, keys: ['temperature', 'state'] },
      { id: 'w9', x: 0, y: 10, w: 4, h: 4, title: 'Bars', kind: 'bar', source, key: 'temperature' },
      { id: 'w10', x: 4, y: 10, w: 4, h: 4, title: 'Log', kind: 'events', list: 'audit' },
      {
        ...{ id: 'w11', x: 8, y: 10, w: 4, h: 4, title: 'Not chosen', kind: 'value', key: 'temperature' },
        source: { type: 'variable', name: 'kind' },
      },
    ],
  };
}
