import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { LatestTelemetry } from '#contract/telemetry.ts';
import { gapura } from '../../../api.ts';
import { useFormat } from '../../../i18n/format.ts';
import { useIsStale } from '../../../live/connection.ts';
import { useLive } from '../../../live/use-live.ts';
import { buttonClass } from '../../../ui/button.tsx';
import { Card } from '../../../ui/card.tsx';
import { TimeAgo } from '../../../ui/time-ago.tsx';
import { LiveValue } from '../live-value.tsx';
import { valueText } from '../value-text.ts';
import type { Arrival } from './arrival.ts';

/** How often it looks for devices that brought themselves in. */
const lookMs = 1000;
const shownDevices = 10;
const shownValues = 6;

/** Waits for what was announced, and shows it when it is there. */
export function FirstMessage({ arrival }: { readonly arrival: Arrival }) {
  const { t } = useTranslation('addDevice');
  const isStale = useIsStale();
  const [sinceMs] = useState(() => Date.now() - 2000);
  const profileId = arrival.kind === 'fleet' ? arrival.profile.id : undefined;
  const arrived = useQuery({
    queryKey: ['devices', 'arriving', profileId],
    queryFn: ({ signal }) =>
      gapura.devices.list(
        { sort: 'lastActivityTime', order: 'desc', limit: shownDevices, ...(profileId !== undefined && { profileId }) },
        signal,
      ),
    enabled: arrival.kind === 'fleet',
    refetchInterval: lookMs,
  });
  const devices =
    arrival.kind === 'one'
      ? [{ id: arrival.device.id, name: arrival.device.name }]
      : (arrived.data?.items ?? []).filter(
          ({ createdAt, lastActivityTime }) => createdAt >= sinceMs || (lastActivityTime ?? 0) >= sinceMs,
        );
  const live = useLive({ deviceIds: devices.map(({ id }) => id) });
  const heard = devices.filter(({ id }) => Object.keys(live.devices.get(id)?.telemetry ?? {}).length > 0);
  const isHeard = heard.length > 0;
  const isKnown =
    arrival.kind === 'one' ? live.devices.get(arrival.device.id)?.activity?.active === true : devices.length > 0;

  return (
    <Card className={isHeard ? 'border-ok-dot!' : undefined}>
      <div role="status" aria-live="polite" className="flex items-center gap-3">
        {isHeard ? (
          <CircleCheck className="size-6 shrink-0 text-ok" aria-hidden="true" />
        ) : (
          <span className="relative m-1.5 flex size-3 shrink-0" aria-hidden="true">
            <span className="absolute inset-0 animate-[ping_1.4s_ease-out_infinite] rounded-full bg-warn-dot" />
            <span className="size-3 rounded-full bg-warn-dot" />
          </span>
        )}
        <div className="min-w-0">
          <p className="font-medium text-base text-ink">{isHeard ? t('wait.arrived') : t('wait.waiting')}</p>
          <p className="text-ink-2 text-xs">
            {isStale
              ? t('wait.stale')
              : isHeard
                ? t('wait.arrivedText')
                : isKnown
                  ? t('wait.connected')
                  : t('wait.waitingText')}
          </p>
        </div>
      </div>
      {isHeard && (
        <ul className="mt-4 flex flex-col gap-3">
          {heard.map(({ id, name }) => (
            <li key={id} className="rounded-md border border-line">
              <div className="flex items-center gap-2 border-line border-b px-3 py-2">
                <span className="min-w-0 flex-1 truncate font-medium text-ink">{name}</span>
                <Link to="/devices/$deviceId" params={{ deviceId: id }} className={buttonClass('plain', 'sm')}>
                  {t('wait.open')}
                </Link>
              </div>
              <Values telemetry={live.devices.get(id)?.telemetry ?? {}} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Values({ telemetry }: { readonly telemetry: LatestTelemetry }) {
  const format = useFormat();
  return (
    <dl className="px-3 py-2">
      {Object.entries(telemetry)
        .slice(0, shownValues)
        .map(([key, { ts, value }]) => (
          <div key={key} className="flex items-baseline gap-3 py-0.5">
            <dt className="min-w-0 flex-1 truncate font-mono text-ink-2 text-xs">{key}</dt>
            <dd className="min-w-0 truncate font-medium text-ink" title={valueText(value, format)}>
              <LiveValue value={value} ts={ts} />
            </dd>
            <dd className="w-20 shrink-0 text-right text-ink-3 text-xs">
              <TimeAgo at={ts} />
            </dd>
          </div>
        ))}
    </dl>
  );
}
