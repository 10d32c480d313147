import { useInfiniteQuery } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiKey } from '#contract/api-keys.ts';
import { gapura, queryClient } from '../../api.ts';
import { useFormat } from '../../i18n/format.ts';
import { hasRole, useMay, useSession } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { useNew } from '../../shell/use-new.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { LoadMore } from '../../ui/load-more.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { Table, Td, Th, Tr } from '../../ui/table.tsx';
import { TimeAgo, useNow } from '../../ui/time-ago.tsx';
import { toast } from '../../ui/toast.tsx';
import { CreateKeyDialog } from './create-key-dialog.tsx';

export function ApiKeysPage() {
  const { t } = useTranslation('apiKeys');
  const mayWrite = useMay('admin');
  const [isCreating, setCreating] = useNew();
  const [revoked, setRevoked] = useState<ApiKey>();
  const found = useInfiniteQuery({
    queryKey: ['api-keys'],
    queryFn: ({ pageParam, signal }) =>
      gapura.apiKeys.list({ limit: 100, ...(pageParam !== null && { cursor: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    enabled: mayWrite,
  });
  const keys = found.data?.pages.flatMap(({ items }) => items) ?? [];
  const newKey = (
    <Button tone="primary" icon={<Plus className="size-4" aria-hidden="true" />} onClick={() => setCreating(true)}>
      {t('new')}
    </Button>
  );
  return (
    <Page title={t('title')} lead={t('lead')} actions={mayWrite && newKey}>
      <Card flush>
        {!mayWrite ? (
          <EmptyState icon={<KeyRound />} title={t('notAllowed')} />
        ) : found.data === undefined ? (
          found.isError ? (
            <ErrorState error={found.error} onRetry={() => void found.refetch()} />
          ) : (
            <LoadingRows />
          )
        ) : keys.length === 0 ? (
          <EmptyState icon={<KeyRound />} title={t('empty.title')} action={newKey}>
            {t('empty.text')}
          </EmptyState>
        ) : (
          <KeyTable keys={keys} onRevoke={setRevoked} />
        )}
        <LoadMore of={found} />
      </Card>
      {isCreating && mayWrite && <CreateKeyDialog onClose={() => setCreating(false)} />}
      <Confirm
        open={revoked !== undefined}
        onOpenChange={() => setRevoked(undefined)}
        title={t('revoke.title', { name: revoked?.name ?? '' })}
        action={t('revoke.action')}
        danger
        onConfirm={async () => {
          if (revoked === undefined) return;
          await gapura.apiKeys.delete(revoked.id);
          toast(t('revoke.done', { name: revoked.name }));
          await queryClient.invalidateQueries({ queryKey: ['api-keys'] });
        }}
      >
        {t('revoke.text')}
      </Confirm>
    </Page>
  );
}

function KeyTable({ keys, onRevoke }: { readonly keys: readonly ApiKey[]; onRevoke(key: ApiKey): void }) {
  const { t } = useTranslation('apiKeys');
  const common = useTranslation().t;
  const format = useFormat();
  const now = useNow();
  const own = useSession().role;
  return (
    <Table label={t('title')}>
      <thead>
        <tr>
          <Th>{t('name')}</Th>
          <Th>{t('role')}</Th>
          <Th className="max-sm:hidden">{t('madeBy')}</Th>
          <Th className="max-sm:hidden">{t('lastUsed')}</Th>
          <Th className="max-sm:hidden">{t('expires')}</Th>
          <Th className="w-24">
            <span className="sr-only">{t('actions')}</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <Tr key={key.id}>
            <Td className="max-w-32 py-1.5 sm:max-w-60">
              <div className="truncate font-medium">{key.name}</div>
              <code className="font-mono text-ink-3 text-xs">{key.prefix}…</code>
            </Td>
            <Td>
              <Badge tone={key.role === 'owner' ? 'accent' : 'neutral'}>{common(`roles.${key.role}`)}</Badge>
            </Td>
            <Td className="max-w-48 truncate text-ink-2 max-sm:hidden" title={format.dateTime(key.createdAt)}>
              {key.createdBy}
            </Td>
            <Td className="text-ink-2 max-sm:hidden">
              <TimeAgo at={key.lastUsedAt} />
            </Td>
            <Td className="whitespace-nowrap text-ink-2 max-sm:hidden">
              {key.expiresAt === null ? (
                t('expiresNever')
              ) : key.expiresAt <= now ? (
                <Badge tone="danger">{t('expired')}</Badge>
              ) : (
                format.date(key.expiresAt)
              )}
            </Td>
            <Td className="text-right">
              {hasRole(own, key.role) && (
                <Button
                  tone="quiet"
                  size="sm"
                  aria-label={t('revoke.of', { name: key.name })}
                  onClick={() => onRevoke(key)}
                >
                  {t('revoke.item')}
                </Button>
              )}
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}
