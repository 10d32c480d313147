import { Link } from '@tanstack/react-router';
import { Activity, ChartLine } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import type { LiveDevice } from '#sdk/live.ts';
import { useFormat } from '../../../i18n/format.ts';
import { useIsStale } from '../../../live/connection.ts';
import { buttonClass } from '../../../ui/button.tsx';
import { Card } from '../../../ui/card.tsx';
import { cx } from '../../../ui/cx.ts';
import { controlClass } from '../../../ui/field.tsx';
import { EmptyState, LoadingRows } from '../../../ui/states.tsx';
import { Table, Td, Th, Tr } from '../../../ui/table.tsx';
import { TimeAgo } from '../../../ui/time-ago.tsx';
import { joinKeys } from '../key-list.ts';
import { LiveValue } from '../live-value.tsx';
import { DeviceDetails } from './device-details.tsx';

/** Above, there is a box to find keys by; below it would be in the way. */
const manyKeys = 12;
/** Drawn at once; the box finds the others. */
const shownKeys = 200;

export function LatestTab({
  device,
  live,
  isReady,
}: {
  readonly device: Device;
  readonly live: LiveDevice | undefined;
  readonly isReady: boolean;
}) {
  const { t } = useTranslation('devices');
  const format = useFormat();
  const isStale = useIsStale();
  const [filter, setFilter] = useState('');
  const points = Object.entries(live?.telemetry ?? {}).sort(([a], [b]) => a.localeCompare(b));
  const matching = points.filter(([key]) => key.toLowerCase().includes(filter.toLowerCase()));
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
      <Card
        flush
        title={t('latest.title')}
        actions={
          points.length > manyKeys && (
            <input
              type="search"
              aria-label={t('latest.filter')}
              placeholder={t('latest.filter')}
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
              className={cx(controlClass, 'h-7 w-40')}
            />
          )
        }
      >
        {!isReady ? (
          <LoadingRows rows={4} />
        ) : points.length === 0 ? (
          <EmptyState icon={<Activity />} title={t('latest.empty')}>
            {t('latest.emptyText')}
          </EmptyState>
        ) : (
          <div className={isStale ? 'opacity-60' : undefined}>
            <Table label={t('latest.title')}>
              <thead>
                <tr>
                  <Th>{t('latest.key')}</Th>
                  <Th className="text-right">{t('latest.value')}</Th>
                  <Th className="text-right">{t('latest.age')}</Th>
                  <Th>
                    <span className="sr-only">{t('tab.chart')}</span>
                  </Th>
                </tr>
              </thead>
              <tbody>
                {matching.slice(0, shownKeys).map(([key, { ts, value }]) => (
                  <Tr key={key}>
                    <Td className="max-w-32 truncate font-mono text-xs sm:max-w-60" title={key}>
                      {key}
                    </Td>
                    <Td className="w-full max-w-0 truncate text-right font-medium">
                      <LiveValue value={value} ts={ts} className="-mx-1 px-1" />
                    </Td>
                    <Td className="text-right text-ink-3 text-xs" title={format.dateTime(ts)}>
                      <TimeAgo at={ts} />
                    </Td>
                    <Td className="w-10 pl-0 text-right">
                      {(typeof value === 'number' || typeof value === 'boolean') && (
                        <Link
                          to="/devices/$deviceId"
                          params={{ deviceId: device.id }}
                          search={{ tab: 'chart', keys: joinKeys([key]) }}
                          aria-label={t('latest.chartOf', { key })}
                          className={buttonClass('quiet', 'sm', true)}
                        >
                          <ChartLine className="size-3.5" aria-hidden="true" />
                        </Link>
                      )}
                    </Td>
                  </Tr>
                ))}
              </tbody>
            </Table>
          </div>
        )}
      </Card>
      <DeviceDetails device={device} activity={live?.activity} />
    </div>
  );
}
