import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Layers, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Profile } from '#contract/profiles.ts';
import { useFormat } from '../../i18n/format.ts';
import { useMay } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { useNew } from '../../shell/use-new.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { Table, Td, Th, Tr } from '../../ui/table.tsx';
import { CreateProfileDialog } from './create-profile-dialog.tsx';
import { profilesQuery, shownProfilesLimit } from './profile-queries.ts';
import { StrategyBadge } from './strategy-choice.tsx';

export function ProfilesPage() {
  const { t } = useTranslation('profiles');
  const mayWrite = useMay('admin');
  const [isCreating, setCreating] = useNew();
  const profiles = useQuery(profilesQuery);
  const newProfile = mayWrite && (
    <Button tone="primary" icon={<Plus className="size-4" aria-hidden="true" />} onClick={() => setCreating(true)}>
      {t('new')}
    </Button>
  );
  return (
    <Page title={t('title')} lead={t('lead')} actions={newProfile}>
      <Card flush>
        {profiles.data !== undefined ? (
          profiles.data.items.length === 0 ? (
            <EmptyState icon={<Layers />} title={t('empty.title')} action={newProfile}>
              {t('empty.text')}
            </EmptyState>
          ) : (
            <ProfileTable profiles={profiles.data.items} />
          )
        ) : profiles.isError ? (
          <ErrorState error={profiles.error} onRetry={() => void profiles.refetch()} />
        ) : (
          <LoadingRows />
        )}
      </Card>
      {profiles.data?.nextCursor != null && (
        <p className="mt-3 text-ink-2 text-sm">{t('cut', { count: shownProfilesLimit })}</p>
      )}
      <CreateProfileDialog open={isCreating && mayWrite} onOpenChange={setCreating} />
    </Page>
  );
}

function ProfileTable({ profiles }: { readonly profiles: readonly Profile[] }) {
  const { t } = useTranslation('profiles');
  const format = useFormat();
  return (
    <Table label={t('title')}>
      <thead>
        <tr>
          <Th>{t('name')}</Th>
          <Th>{t('strategy.column')}</Th>
          <Th className="max-sm:hidden">{t('minAuth.column')}</Th>
          <Th className="text-right">{t('devices')}</Th>
        </tr>
      </thead>
      <tbody>
        {profiles.map((profile) => (
          <Tr key={profile.id}>
            <Td className="w-full max-w-0 py-1.5 sm:w-auto sm:max-w-80">
              <div className="flex items-center gap-2">
                <Link
                  to="/profiles/$profileId"
                  params={{ profileId: profile.id }}
                  className="min-w-0 truncate rounded font-medium hover:underline"
                >
                  {profile.name}
                </Link>
                {profile.isDefault && <Badge tone="accent">{t('default')}</Badge>}
              </div>
              {profile.description !== '' && <div className="truncate text-ink-3 text-xs">{profile.description}</div>}
            </Td>
            <Td>
              <StrategyBadge strategy={profile.provisioning.strategy} />
            </Td>
            <Td className="whitespace-nowrap text-ink-2 max-sm:hidden">{t(`minAuth.${profile.minAuth}.title`)}</Td>
            <Td className="text-right tabular-nums">
              <Link
                to="/devices"
                search={{ profile: profile.id }}
                aria-label={t('devicesOf', { name: profile.name, count: profile.deviceCount })}
                className="rounded hover:underline"
              >
                {format.number(profile.deviceCount)}
              </Link>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}
