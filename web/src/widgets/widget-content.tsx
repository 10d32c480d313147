/** The content of a widget, by its kind. Charts and maps load what they need when they are shown. */
import type { Widget } from '#contract/dashboards.ts';
import { BarWidget } from './bar/bar.tsx';
import { EventsWidget } from './events/events.tsx';
import { GaugeWidget } from './gauge/gauge.tsx';
import { MapWidget } from './map/map.tsx';
import { StatusGridWidget } from './status-grid/status-grid.tsx';
import { TableWidget } from './table/table.tsx';
import { TextWidget } from './text/text.tsx';
import { TimeSeriesWidget } from './time-series/time-series.tsx';
import { ValueWidget } from './value/value.tsx';

export function WidgetContent({ widget }: { readonly widget: Widget }) {
  switch (widget.kind) {
    case 'value':
      return <ValueWidget widget={widget} />;
    case 'timeSeries':
      return <TimeSeriesWidget widget={widget} />;
    case 'bar':
      return <BarWidget widget={widget} />;
    case 'gauge':
      return <GaugeWidget widget={widget} />;
    case 'statusGrid':
      return <StatusGridWidget widget={widget} />;
    case 'table':
      return <TableWidget widget={widget} />;
    case 'events':
      return <EventsWidget widget={widget} />;
    case 'map':
      return <MapWidget widget={widget} />;
    case 'text':
      return <TextWidget widget={widget} />;
  }
}
