import type { DashboardLayout, Widget, WidgetKind, WidgetSource } from '#contract/dashboards.ts';
import { freePlace } from './arrange.ts';

export const widgetKinds: readonly WidgetKind[] = [
  'value',
  'timeSeries',
  'gauge',
  'bar',
  'table',
  'statusGrid',
  'map',
  'events',
  'text',
];

const sizes: Readonly<Record<WidgetKind, readonly [w: number, h: number]>> = {
  value: [3, 2],
  timeSeries: [6, 6],
  gauge: [3, 4],
  bar: [4, 5],
  table: [6, 5],
  statusGrid: [4, 3],
  map: [6, 6],
  events: [6, 5],
  text: [4, 2],
};

/** What a person says of a widget; each kind takes what it needs. */
export interface WidgetDraft {
  readonly kind: WidgetKind;
  readonly title: string;
  readonly source: WidgetSource | undefined;
  readonly keys: readonly string[];
  readonly unit: string;
  readonly decimals: string;
  readonly aggregate: 'avg' | 'min' | 'max' | 'sum' | 'count' | 'first' | 'last';
  readonly min: string;
  readonly max: string;
  readonly warnFrom: string;
  readonly dangerFrom: string;
  readonly list: 'audit' | 'security';
  readonly text: string;
  readonly latitudeKey: string;
  readonly longitudeKey: string;
  readonly valueKey: string;
  readonly plan: Extract<Widget, { kind: 'map' }>['plan'];
}

export const emptyDraft: WidgetDraft = {
  kind: 'value',
  title: '',
  source: undefined,
  keys: [],
  unit: '',
  decimals: '',
  aggregate: 'avg',
  min: '0',
  max: '100',
  warnFrom: '',
  dangerFrom: '',
  list: 'audit',
  text: '',
  latitudeKey: 'latitude',
  longitudeKey: 'longitude',
  valueKey: '',
  plan: undefined,
};

export function draftOf(widget: Widget): WidgetDraft {
  const from = (tone: 'warn' | 'danger'): string => {
    const found = 'thresholds' in widget ? widget.thresholds?.find((each) => each.tone === tone) : undefined;
    return found === undefined ? '' : String(found.from);
  };
  return {
    ...emptyDraft,
    kind: widget.kind,
    title: widget.title,
    source: 'source' in widget ? widget.source : undefined,
    keys: 'keys' in widget ? widget.keys : 'key' in widget ? [widget.key] : [],
    unit: 'unit' in widget ? (widget.unit ?? '') : '',
    decimals: 'decimals' in widget && widget.decimals !== undefined ? String(widget.decimals) : '',
    aggregate: 'aggregate' in widget ? (widget.aggregate ?? 'avg') : 'avg',
    warnFrom: from('warn'),
    dangerFrom: from('danger'),
    ...(widget.kind === 'gauge' && { min: String(widget.min), max: String(widget.max) }),
    ...(widget.kind === 'events' && { list: widget.list }),
    ...(widget.kind === 'text' && { text: widget.text }),
    ...(widget.kind === 'map' && {
      latitudeKey: widget.latitudeKey,
      longitudeKey: widget.longitudeKey,
      valueKey: widget.valueKey ?? '',
      plan: widget.plan,
    }),
  };
}

/** The widget of a draft; undefined while something is missing. */
export function widgetOf(
  draft: WidgetDraft,
  frame: { readonly id: string; readonly x: number; readonly y: number; readonly w: number; readonly h: number },
): Widget | undefined {
  const base = { ...frame, title: draft.title.trim() };
  if (draft.kind === 'text') return { ...base, kind: 'text', text: draft.text };
  if (draft.kind === 'events') return { ...base, kind: 'events', list: draft.list };
  const { source } = draft;
  if (source === undefined) return undefined;
  if (draft.kind === 'statusGrid') return { ...base, kind: 'statusGrid', source };
  if (draft.kind === 'map') {
    const { latitudeKey, longitudeKey, valueKey, plan } = draft;
    if (latitudeKey === '' || longitudeKey === '') return undefined;
    const more = { ...(valueKey !== '' && { valueKey }), ...(plan !== undefined && { plan }) };
    return { ...base, kind: 'map', source, latitudeKey, longitudeKey, ...more };
  }
  const [key] = draft.keys;
  if (key === undefined) return undefined;
  const unit = draft.unit.trim() === '' ? {} : { unit: draft.unit.trim() };
  const decimals = /^[0-6]$/.test(draft.decimals) ? { decimals: Number(draft.decimals) } : {};
  const thresholds = thresholdsOf(draft);
  switch (draft.kind) {
    case 'value':
      return { ...base, kind: 'value', source, key, ...unit, ...decimals, ...thresholds };
    case 'bar':
      return { ...base, kind: 'bar', source, key, ...unit, ...decimals };
    case 'table':
      return { ...base, kind: 'table', source, keys: [...draft.keys], ...decimals };
    case 'timeSeries':
      return { ...base, kind: 'timeSeries', source, keys: [...draft.keys], aggregate: draft.aggregate, ...unit };
    case 'gauge': {
      const min = Number(draft.min);
      const max = Number(draft.max);
      if (draft.min === '' || draft.max === '' || !(min < max)) return undefined;
      return { ...base, kind: 'gauge', source, key, min, max, ...unit, ...decimals, ...thresholds };
    }
  }
}

function thresholdsOf({ warnFrom, dangerFrom }: WidgetDraft) {
  const thresholds = (
    [
      ['warn', warnFrom],
      ['danger', dangerFrom],
    ] as const
  ).flatMap(([tone, from]) =>
    from.trim() === '' || !Number.isFinite(Number(from)) ? [] : [{ tone, from: Number(from) }],
  );
  return thresholds.length === 0 ? {} : { thresholds };
}

/** An id that no widget has, and a place that is free. */
export function frameFor(layout: DashboardLayout, kind: WidgetKind) {
  const [w, h] = sizes[kind];
  const ids = new Set(layout.widgets.map(({ id }) => id));
  let number = layout.widgets.length + 1;
  while (ids.has(`w${number}`)) number++;
  return { id: `w${number}`, ...freePlace(layout.widgets, w, h), w, h };
}
