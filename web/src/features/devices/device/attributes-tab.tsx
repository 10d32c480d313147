import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Pencil, Plus, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AttributeScope } from '#contract/attributes.ts';
import type { LiveAttributes } from '#contract/live.ts';
import { gapura } from '../../../api.ts';
import { useFormat } from '../../../i18n/format.ts';
import { useMay } from '../../../session/session.ts';
import { Button } from '../../../ui/button.tsx';
import { Card } from '../../../ui/card.tsx';
import { Confirm } from '../../../ui/confirm.tsx';
import { Segments } from '../../../ui/segments.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../../ui/states.tsx';
import { Table, Td, Th, Tr } from '../../../ui/table.tsx';
import { TimeAgo } from '../../../ui/time-ago.tsx';
import { valueText } from '../value-text.ts';
import { AttributeDialog } from './attribute-dialog.tsx';

const scopes: readonly AttributeScope[] = ['client', 'shared', 'server'];

/** Attributes of one scope; who may, writes shared and server ones. The device owns its client attributes. */
export function AttributesTab({
  deviceId,
  live,
}: {
  readonly deviceId: string;
  readonly live: LiveAttributes | undefined;
}) {
  const { t } = useTranslation('devices');
  const format = useFormat();
  const queries = useQueryClient();
  const [scope, setScope] = useState<AttributeScope>('shared');
  const [asking, setAsking] = useState<{ kind: 'write' | 'delete'; key: string; value: unknown } | undefined>();
  const mayWrite = useMay('operator') && scope !== 'client';
  const queryKey = ['devices', 'one', deviceId, 'attributes', scope];
  const found = useQuery({
    queryKey,
    queryFn: ({ signal }) => gapura.attributes.get(deviceId, scope, undefined, signal),
  });
  // The socket tells that something changed, the request when.
  const liveText = JSON.stringify(live?.[scope]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what changed is asked for anew
  useEffect(() => {
    if (liveText !== undefined) void queries.invalidateQueries({ queryKey });
  }, [liveText, queries]);

  const entries = Object.entries(found.data ?? {}).sort(([a], [b]) => a.localeCompare(b));
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-3">
        <Segments<AttributeScope>
          label={t('attributes.scope')}
          value={scope}
          options={scopes.map((each) => [each, t(`attributes.scopes.${each}`)] as const)}
          onChange={setScope}
        />
        <p className="order-last min-w-0 basis-full text-ink-3 text-xs sm:order-none sm:flex-1 sm:basis-auto">
          {t(`attributes.explain.${scope}`)}
        </p>
        {mayWrite && (
          <Button icon={<Plus className="size-3.5" />} onClick={() => setAsking({ kind: 'write', key: '', value: '' })}>
            {t('attributes.add')}
          </Button>
        )}
      </div>
      <Card flush>
        {found.isPending ? (
          <LoadingRows rows={3} />
        ) : found.data === undefined ? (
          <ErrorState error={found.error} onRetry={() => void found.refetch()} />
        ) : entries.length === 0 ? (
          <EmptyState title={t('attributes.empty')}>{t(`attributes.explain.${scope}`)}</EmptyState>
        ) : (
          <Table label={t(`attributes.scopes.${scope}`)}>
            <thead>
              <tr>
                <Th>{t('latest.key')}</Th>
                <Th>{t('latest.value')}</Th>
                <Th className="text-right">{t('attributes.changed')}</Th>
                {mayWrite && (
                  <Th>
                    <span className="sr-only">{t('moreActions')}</span>
                  </Th>
                )}
              </tr>
            </thead>
            <tbody>
              {entries.map(([key, { value, updatedAt }]) => (
                <Tr key={key}>
                  <Td className="max-w-32 truncate font-mono text-xs sm:max-w-60" title={key}>
                    {key}
                  </Td>
                  <Td className="w-full max-w-0 truncate font-medium" title={valueText(value, format)}>
                    {valueText(value, format)}
                  </Td>
                  <Td className="text-right text-ink-3 text-xs">
                    <TimeAgo at={updatedAt} />
                  </Td>
                  {mayWrite && (
                    <Td className="w-20 whitespace-nowrap pl-0 text-right">
                      <Button
                        tone="quiet"
                        size="sm"
                        aria-label={t('attributes.editOf', { key })}
                        icon={<Pencil className="size-3.5" />}
                        onClick={() => setAsking({ kind: 'write', key, value })}
                      />
                      <Button
                        tone="quiet"
                        size="sm"
                        aria-label={t('attributes.deleteOf', { key })}
                        icon={<Trash2 className="size-3.5" />}
                        onClick={() => setAsking({ kind: 'delete', key, value })}
                      />
                    </Td>
                  )}
                </Tr>
              ))}
            </tbody>
          </Table>
        )}
      </Card>
      {asking?.kind === 'write' && (
        <AttributeDialog
          attributeKey={asking.key}
          value={asking.value}
          onClose={() => setAsking(undefined)}
          onSave={async (key, value) => {
            await gapura.attributes.write(deviceId, scope, { [key]: value });
            await queries.invalidateQueries({ queryKey });
          }}
        />
      )}
      <Confirm
        open={asking?.kind === 'delete'}
        onOpenChange={(isOpen) => !isOpen && setAsking(undefined)}
        danger
        title={t('attributes.deleteOf', { key: asking?.key ?? '' })}
        action={t('delete')}
        onConfirm={async () => {
          await gapura.attributes.delete(deviceId, scope, [asking?.key ?? '']);
          await queries.invalidateQueries({ queryKey });
        }}
      >
        {t('attributes.deleteText')}
      </Confirm>
    </div>
  );
}
