import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format.ts';
import { Table, Td, Th, Tr } from '../../ui/table.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { useLatest, useSourceDevices, type WidgetProps } from '../context.ts';
import { textOf } from '../numbers.ts';
import { WidgetState } from '../widget-state.tsx';

/** A row for each device, a column for each key. */
export function TableWidget({ widget }: WidgetProps<'table'>) {
  const { t } = useTranslation('dashboards');
  const format = useFormat();
  const source = useSourceDevices(widget.source);
  const live = useLatest(source.devices, widget.keys);
  return (
    <WidgetState source={source}>
      <Table label={widget.title}>
        <thead>
          <tr>
            <Th dense>{t('widget.device')}</Th>
            {widget.keys.map((key) => (
              <Th key={key} dense className="text-right">
                {key}
              </Th>
            ))}
            <Th dense className="text-right">
              {t('widget.received')}
            </Th>
          </tr>
        </thead>
        <tbody>
          {source.devices.map(({ id, name }) => {
            const telemetry = live.devices.get(id)?.telemetry ?? {};
            const times = widget.keys.flatMap((key) => telemetry[key]?.ts ?? []);
            return (
              <Tr key={id}>
                <Td dense className="max-w-48 truncate">
                  <Link to="/devices/$deviceId" params={{ deviceId: id }} className="rounded hover:underline">
                    {name}
                  </Link>
                </Td>
                {widget.keys.map((key) => {
                  const point = telemetry[key];
                  return (
                    <Td key={key} dense className="max-w-40 truncate text-right tabular-nums">
                      {point === undefined
                        ? '–'
                        : typeof point.value === 'number'
                          ? format.number(point.value, widget.decimals ?? 2)
                          : textOf(point.value)}
                    </Td>
                  );
                })}
                <Td dense className="text-right text-ink-3 text-xs">
                  <TimeAgo at={times.length === 0 ? undefined : Math.max(...times)} />
                </Td>
              </Tr>
            );
          })}
        </tbody>
      </Table>
    </WidgetState>
  );
}
