import { useTranslation } from 'react-i18next';
import { useSession } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { AccountCard } from './account-card.tsx';
import { CertificatesCard } from './certificates-card.tsx';
import { DisplayCard } from './display-card.tsx';
import { PasswordCard } from './password-card.tsx';
import { RetentionCard } from './retention-card.tsx';
import { TenantCard } from './tenant-card.tsx';

export function SettingsPage() {
  const { t } = useTranslation('settings');
  const { user } = useSession();
  return (
    <Page title={t('title')} lead={t('lead')}>
      <div className="grid items-start gap-3 lg:grid-cols-2">
        <div className="grid gap-3">
          {user !== null && <AccountCard user={user} />}
          <DisplayCard />
          {user !== null && <PasswordCard user={user} />}
          <TenantCard />
          <RetentionCard />
        </div>
        <CertificatesCard />
      </div>
    </Page>
  );
}
