import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { gapura } from '../../api.ts';
import { useMay } from '../../session/session.ts';
import { Badge } from '../../ui/badge.tsx';
import { useErrorText } from '../../ui/error-text.ts';
import { Skeleton } from '../../ui/states.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';
import type { WidgetProps } from '../context.ts';
import { Hint } from '../widget-state.tsx';

const shownCount = 50;
const refetchMs = 10_000;

interface ShownEvent {
  readonly id: string;
  readonly at: number;
  readonly what: string;
  readonly who: string;
  readonly isFailure: boolean;
  readonly count: number;
}

/** What happened last: what people did, or what was refused at the gates. */
export function EventsWidget({ widget }: WidgetProps<'events'>) {
  const { t } = useTranslation('dashboards');
  const textOf = useErrorText();
  const mayRead = useMay('admin');
  const found = useQuery({
    queryKey: [widget.list === 'audit' ? 'audit' : 'security-events', 'widget'],
    queryFn: ({ signal }) => (widget.list === 'audit' ? auditEvents(signal) : securityEvents(signal)),
    refetchInterval: refetchMs,
    enabled: mayRead,
  });
  if (!mayRead) return <Hint>{t('widget.adminsOnly')}</Hint>;
  if (found.data === undefined) {
    return found.isError ? <Hint>{textOf(found.error)}</Hint> : <Skeleton className="h-full w-full" />;
  }
  if (found.data.length === 0) return <Hint>{t('widget.noEvents')}</Hint>;
  return (
    <ul className="-mx-3 -my-1">
      {found.data.map(({ id, at, what, who, isFailure, count }) => (
        <li key={id} className="flex items-center gap-2 border-line border-b px-3 py-1.5 text-xs last:border-b-0">
          <code className="min-w-0 shrink truncate font-mono">{what}</code>
          {isFailure && <Badge tone="danger">{count > 1 ? `${count} ×` : t('widget.failed')}</Badge>}
          <span className="min-w-0 flex-1 truncate text-ink-2">{who}</span>
          <span className="text-ink-3">
            <TimeAgo at={at} />
          </span>
        </li>
      ))}
    </ul>
  );
}

async function auditEvents(signal: AbortSignal): Promise<ShownEvent[]> {
  const { items } = await gapura.audit.list({ limit: shownCount }, signal);
  return items.map(({ id, at, action, actor, target, outcome }) => ({
    id,
    at,
    what: action,
    who: target.name === '' ? actor.name : target.name,
    isFailure: outcome === 'failure',
    count: 1,
  }));
}

async function securityEvents(signal: AbortSignal): Promise<ShownEvent[]> {
  const { items } = await gapura.securityEvents.list({ limit: shownCount }, signal);
  return items.map(({ id, lastAt, kind, reason, device, address, count }) => ({
    id,
    at: lastAt,
    what: `${kind} ${reason}`,
    who: device === null ? address : device.name,
    isFailure: true,
    count,
  }));
}
