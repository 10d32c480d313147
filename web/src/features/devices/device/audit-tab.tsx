import { useInfiniteQuery } from '@tanstack/react-query';
import { ScrollText } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { gapura } from '../../../api.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Card } from '../../../ui/card.tsx';
import { LoadMore } from '../../../ui/load-more.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../../ui/states.tsx';
import { Table, Td, Th, Tr } from '../../../ui/table.tsx';
import { TimeAgo } from '../../../ui/time-ago.tsx';

/** Who did what to this device. */
export function AuditTab({ deviceId }: { readonly deviceId: string }) {
  const { t } = useTranslation('devices');
  const found = useInfiniteQuery({
    queryKey: ['devices', 'one', deviceId, 'audit'],
    queryFn: ({ pageParam, signal }) =>
      gapura.audit.list({ targetId: deviceId, limit: 50, ...(pageParam !== null && { cursor: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  });
  const records = found.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Card flush>
      {found.isPending ? (
        <LoadingRows />
      ) : found.data === undefined ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : records.length === 0 ? (
        <EmptyState icon={<ScrollText />} title={t('audit.empty')} />
      ) : (
        <Table label={t('tab.audit')}>
          <thead>
            <tr>
              <Th>{t('audit.action')}</Th>
              <Th>{t('audit.actor')}</Th>
              <Th className="max-sm:hidden">{t('audit.address')}</Th>
              <Th className="text-right">{t('audit.at')}</Th>
            </tr>
          </thead>
          <tbody>
            {records.map(({ id, at, action, actor, outcome }) => (
              <Tr key={id}>
                <Td className="max-sm:max-w-36">
                  <span className="flex flex-wrap items-center gap-x-2">
                    <code className="font-mono text-xs">{action}</code>
                    {outcome === 'failure' && <Badge tone="danger">{t('audit.failed')}</Badge>}
                  </span>
                </Td>
                <Td className="max-w-24 truncate sm:max-w-60" title={actor.name}>
                  {actor.name === '' ? t(`audit.kinds.${actor.kind}`) : actor.name}
                </Td>
                <Td className="text-ink-3 text-xs tabular-nums max-sm:hidden">{actor.address}</Td>
                <Td className="whitespace-nowrap text-right text-ink-3 text-xs">
                  <TimeAgo at={at} />
                </Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      )}
      <LoadMore of={found} />
    </Card>
  );
}
