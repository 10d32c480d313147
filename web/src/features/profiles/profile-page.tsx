import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Profile } from '#contract/profiles.ts';
import { gapura, queryClient } from '../../api.ts';
import { useMay } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorState, LoadingRows } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { DetailsCard } from './details-card.tsx';
import { GroupKeyCard } from './group-key-card.tsx';
import { PolicyCard } from './policy-card.tsx';
import { ProfileDevices } from './profile-devices.tsx';
import { profileQuery } from './profile-queries.ts';
import { ProvisioningCard } from './provisioning-card.tsx';
import { RetentionCard } from './retention-card.tsx';
import { SeenKeys } from './seen-keys.tsx';
import { StrategyBadge } from './strategy-choice.tsx';

export function ProfilePage() {
  const { t } = useTranslation('profiles');
  const { profileId } = useParams({ from: '/app/profiles/$profileId' });
  const profile = useQuery(profileQuery(profileId));
  if (profile.data !== undefined) return <Content key={profile.data.id} profile={profile.data} />;
  return (
    <Page title={t('one')} parent={{ to: '/profiles', label: t('title') }}>
      {profile.isError ? <ErrorState error={profile.error} onRetry={() => void profile.refetch()} /> : <LoadingRows />}
    </Page>
  );
}

function Content({ profile }: { readonly profile: Profile }) {
  const { t } = useTranslation('profiles');
  const common = useTranslation().t;
  const mayWrite = useMay('admin');
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const blocker = profile.isDefault
    ? t('delete.isDefault')
    : profile.deviceCount > 0
      ? t('delete.hasDevices', { count: profile.deviceCount })
      : undefined;
  return (
    <Page
      title={profile.name}
      parent={{ to: '/profiles', label: t('title') }}
      lead={
        <span className="flex flex-wrap items-center gap-2">
          <StrategyBadge strategy={profile.provisioning.strategy} />
          {profile.isDefault && <Badge tone="accent">{t('default')}</Badge>}
          <span>{t('deviceCount', { count: profile.deviceCount })}</span>
        </span>
      }
      actions={
        mayWrite && (
          <Button
            tone="danger"
            disabled={blocker !== undefined}
            title={blocker}
            icon={<Trash2 className="size-3.5" aria-hidden="true" />}
            onClick={() => setDeleting(true)}
          >
            {common('delete')}
          </Button>
        )
      }
    >
      <div className="grid items-start gap-3 lg:grid-cols-2">
        <div className="grid min-w-0 gap-3">
          <ProvisioningCard profile={profile} />
          <GroupKeyCard profile={profile} />
        </div>
        <div className="grid min-w-0 gap-3">
          <DetailsCard profile={profile} />
          <PolicyCard profile={profile} />
          <RetentionCard profile={profile} />
          <SeenKeys profileId={profile.id} />
          <ProfileDevices profileId={profile.id} />
        </div>
      </div>
      <Confirm
        open={isDeleting}
        onOpenChange={setDeleting}
        title={t('delete.title', { name: profile.name })}
        action={t('delete.action')}
        danger
        onConfirm={async () => {
          await gapura.profiles.delete(profile.id);
          toast(t('delete.done', { name: profile.name }));
          await navigate({ to: '/profiles' });
          await queryClient.invalidateQueries({ queryKey: ['profiles'] });
        }}
      >
        {t('delete.text')}
      </Confirm>
    </Page>
  );
}
