import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { ScrollText, X } from 'lucide-react';
import { Fragment, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AuditQuery, AuditRecord } from '#contract/audit.ts';
import { gapura } from '../../api.ts';
import { useFormat } from '../../i18n/format.ts';
import { useMay } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { SelectField } from '../../ui/field.tsx';
import { LoadMore } from '../../ui/load-more.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { Table, Td, Th } from '../../ui/table.tsx';
import { type AuditSearch, auditPeriods } from './audit-search.ts';
import { knownActions } from './known-actions.ts';

const periodMs = { '1h': 3_600_000, '24h': 86_400_000, '7d': 7 * 86_400_000, '30d': 30 * 86_400_000 } as const;

export function AuditPage() {
  const { t } = useTranslation('audit');
  const mayRead = useMay('admin');
  const navigate = useNavigate();
  const search = useSearch({ from: '/app/audit' });
  const found = useInfiniteQuery({
    queryKey: ['audit', search],
    queryFn: ({ pageParam, signal }) => gapura.audit.list(queryOf(search, pageParam), signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    enabled: mayRead,
  });
  const records = found.data?.pages.flatMap(({ items }) => items) ?? [];
  const set = (changes: { [K in keyof AuditSearch]?: AuditSearch[K] | undefined }): void => {
    const next = Object.fromEntries(
      Object.entries({ ...search, ...changes }).filter(([, value]) => value !== undefined),
    );
    void navigate({ to: '/audit', search: next, replace: true });
  };
  return (
    <Page title={t('title')} lead={t('lead')}>
      {!mayRead ? (
        <EmptyState icon={<ScrollText />} title={t('notAllowed')} />
      ) : (
        <>
          <div className="mb-3 flex flex-wrap items-end gap-2">
            <SelectField
              className="w-56"
              label={t('action')}
              value={search.action ?? ''}
              onChange={(event) => set({ action: event.target.value === '' ? undefined : event.target.value })}
            >
              <option value="">{t('allActions')}</option>
              {(search.action !== undefined && !knownActions.includes(search.action)
                ? [...knownActions, search.action]
                : knownActions
              ).map((action) => (
                <option key={action} value={action}>
                  {action}
                </option>
              ))}
            </SelectField>
            <SelectField
              className="w-40"
              label={t('period')}
              value={search.period ?? ''}
              onChange={(event) => set({ period: auditPeriods.find((each) => each === event.target.value) })}
            >
              <option value="">{t('periods.all')}</option>
              {auditPeriods.map((period) => (
                <option key={period} value={period}>
                  {t(`periods.${period}`)}
                </option>
              ))}
            </SelectField>
            {search.actorId !== undefined && (
              <FilterChip
                text={t('by', { name: search.actorName ?? search.actorId })}
                onClear={() => set({ actorId: undefined, actorName: undefined })}
              />
            )}
            {search.targetId !== undefined && (
              <FilterChip
                text={t('on', { name: search.targetName ?? search.targetId })}
                onClear={() => set({ targetId: undefined, targetName: undefined })}
              />
            )}
          </div>
          <Card flush>
            {found.data === undefined ? (
              found.isError ? (
                <ErrorState error={found.error} onRetry={() => void found.refetch()} />
              ) : (
                <LoadingRows />
              )
            ) : records.length === 0 ? (
              <EmptyState icon={<ScrollText />} title={t('empty.title')}>
                {t('empty.text')}
              </EmptyState>
            ) : (
              <AuditTable records={records} onFilter={set} />
            )}
            <LoadMore of={found} className="border-line border-t" />
          </Card>
        </>
      )}
    </Page>
  );
}

function queryOf({ action, actorId, targetId, period }: AuditSearch, cursor: string | null): AuditQuery {
  return {
    limit: 100,
    ...(cursor !== null && { cursor }),
    ...(action !== undefined && { action }),
    ...(actorId !== undefined && { actorId }),
    ...(targetId !== undefined && { targetId }),
    // To the minute, so that one page follows the other within the same period.
    ...(period !== undefined && { from: Math.floor((Date.now() - periodMs[period]) / 60_000) * 60_000 }),
  };
}

function FilterChip({ text, onClear }: { readonly text: string; onClear(): void }) {
  const { t } = useTranslation('audit');
  return (
    <span className="inline-flex h-8 max-w-72 items-center gap-1 rounded-md border border-line-strong bg-surface pl-2.5 text-sm">
      <span className="min-w-0 truncate">{text}</span>
      <Button
        tone="quiet"
        size="sm"
        aria-label={t('clear', { text })}
        icon={<X className="size-3.5" />}
        onClick={onClear}
      />
    </span>
  );
}

function AuditTable({
  records,
  onFilter,
}: {
  readonly records: readonly AuditRecord[];
  onFilter(changes: AuditSearch): void;
}) {
  const { t } = useTranslation('audit');
  const format = useFormat();
  const [openId, setOpenId] = useState<string>();
  return (
    <Table label={t('title')}>
      <thead>
        <tr>
          <Th>{t('at')}</Th>
          <Th>{t('actor')}</Th>
          <Th className="max-sm:hidden">{t('action')}</Th>
          <Th className="max-sm:hidden">{t('target')}</Th>
          <Th className="max-sm:hidden">{t('address')}</Th>
          <Th className="w-20">
            <span className="sr-only">{t('detail')}</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {records.map((record) => {
          const { id, at, actor, action, target, outcome, detail } = record;
          const hasDetail = Object.keys(detail).length > 0;
          const isOpen = openId === id;
          return (
            <Fragment key={id}>
              <tr className="hover:bg-sunken">
                <Td className="text-ink-2 text-xs tabular-nums sm:whitespace-nowrap">{format.dateTime(at)}</Td>
                <Td className="max-w-36 truncate max-sm:py-1.5 sm:max-w-52">
                  {actor.id === '' ? (
                    <span className="text-ink-2">{actor.name === '' ? t(`kinds.${actor.kind}`) : actor.name}</span>
                  ) : (
                    <button
                      type="button"
                      title={t('filterActor')}
                      className="max-w-full truncate rounded hover:underline"
                      onClick={() => onFilter({ actorId: actor.id, actorName: actor.name })}
                    >
                      {actor.name}
                    </button>
                  )}
                  {/* On a phone all that was done stands under who did it. */}
                  <span className="flex flex-col items-start gap-0.5 sm:hidden">
                    <Action action={action} outcome={outcome} />
                    <Target target={target} onFilter={onFilter} />
                  </span>
                </Td>
                <Td className="whitespace-nowrap max-sm:hidden">
                  <Action action={action} outcome={outcome} />
                </Td>
                <Td className="max-w-60 truncate max-sm:hidden">
                  <Target target={target} onFilter={onFilter} />
                </Td>
                <Td className="whitespace-nowrap text-ink-3 text-xs tabular-nums max-sm:hidden">{actor.address}</Td>
                <Td className="px-2 text-right">
                  {hasDetail && (
                    <Button
                      tone="quiet"
                      size="sm"
                      aria-expanded={isOpen}
                      onClick={() => setOpenId(isOpen ? undefined : id)}
                    >
                      {t('detail')}
                    </Button>
                  )}
                </Td>
              </tr>
              {isOpen && (
                <tr>
                  <td colSpan={6} className="border-line border-b bg-sunken px-4 py-2">
                    <pre className="whitespace-pre-wrap break-all font-mono text-ink-2 text-xs">
                      {JSON.stringify(detail, null, 2)}
                    </pre>
                  </td>
                </tr>
              )}
            </Fragment>
          );
        })}
      </tbody>
    </Table>
  );
}

function Action({ action, outcome }: Pick<AuditRecord, 'action' | 'outcome'>) {
  const { t } = useTranslation('audit');
  return (
    <span className="flex items-center gap-2">
      <code className="font-mono text-xs">{action}</code>
      {outcome === 'failure' && <Badge tone="danger">{t('failed')}</Badge>}
    </span>
  );
}

function Target({
  target: { kind, id, name },
  onFilter,
}: {
  readonly target: AuditRecord['target'];
  onFilter(changes: AuditSearch): void;
}) {
  const { t } = useTranslation('audit');
  if (name === '' && id === '') return <span className="text-ink-3">–</span>;
  const text = name === '' ? id : name;
  if (kind === 'device' && id !== '') {
    return (
      <Link to="/devices/$deviceId" params={{ deviceId: id }} className="max-w-full truncate rounded hover:underline">
        {text}
      </Link>
    );
  }
  if (kind === 'profile' && id !== '') {
    return (
      <Link
        to="/profiles/$profileId"
        params={{ profileId: id }}
        className="max-w-full truncate rounded hover:underline"
      >
        {text}
      </Link>
    );
  }
  if (id === '') return <span>{text}</span>;
  return (
    <button
      type="button"
      title={t('filterTarget')}
      className="max-w-full truncate rounded hover:underline"
      onClick={() => onFilter({ targetId: id, targetName: text })}
    >
      {text}
    </button>
  );
}
