import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { Table, Td, Th, Tr } from '../../ui/table.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { seenKeysQuery } from './profile-queries.ts';

const shownKeys = 50;
const shownChars = 60;

/** What devices of the profile send. */
export function SeenKeys({ profileId }: { readonly profileId: string }) {
  const { t } = useTranslation('profiles');
  const seen = useQuery(seenKeysQuery(profileId));
  return (
    <Card flush title={t('keys.title')}>
      {seen.data === undefined ? (
        seen.isError ? (
          <ErrorState error={seen.error} onRetry={() => void seen.refetch()} />
        ) : (
          <LoadingRows rows={3} />
        )
      ) : seen.data.keys.length === 0 ? (
        <EmptyState title={t('keys.empty')}>{t('keys.emptyText')}</EmptyState>
      ) : (
        <>
          <Table label={t('keys.title')}>
            <thead>
              <tr>
                <Th>{t('keys.key')}</Th>
                <Th>{t('keys.last')}</Th>
                <Th className="text-right">{t('devices')}</Th>
                <Th className="text-right">{t('keys.at')}</Th>
              </tr>
            </thead>
            <tbody>
              {seen.data.keys.slice(0, shownKeys).map(({ key, devices, lastTs, lastValue }) => (
                <Tr key={key}>
                  <Td className="max-w-28 truncate font-mono text-xs sm:max-w-48" title={key}>
                    {key}
                  </Td>
                  <Td className="w-full max-w-0 truncate text-ink-2 tabular-nums">{shortText(lastValue)}</Td>
                  <Td className="text-right tabular-nums">{devices}</Td>
                  <Td className="text-right text-ink-2">
                    <TimeAgo at={lastTs} />
                  </Td>
                </Tr>
              ))}
            </tbody>
          </Table>
          <p className="border-line border-t px-4 py-2 text-ink-3 text-xs">
            {t('keys.sample', { count: seen.data.sampled })}
          </p>
        </>
      )}
    </Card>
  );
}

function shortText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= shownChars ? text : `${text.slice(0, shownChars)}…`;
}
