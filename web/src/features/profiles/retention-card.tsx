import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Profile } from '#contract/profiles.ts';
import { gapura } from '../../api.ts';
import { useMay } from '../../session/session.ts';
import { Card } from '../../ui/card.tsx';
import type { Retention } from '../retention/days.ts';
import { RetentionField } from '../retention/retention-field.tsx';
import { SaveBar } from './save-bar.tsx';
import { useProfileUpdate } from './use-profile-update.ts';

/** How long telemetry of the profile's devices is kept. */
export function RetentionCard({ profile }: { readonly profile: Profile }) {
  const { t } = useTranslation('retention');
  const mayWrite = useMay('admin');
  const [changed, setChanged] = useState<Retention>();
  const tenant = useQuery({ queryKey: ['tenant'], queryFn: ({ signal }) => gapura.tenant.get(signal) });
  const update = useProfileUpdate(profile);
  const before = profile.telemetryRetentionDays;
  const value = changed === undefined ? before : changed;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    update.mutate({ telemetryRetentionDays: value }, { onSuccess: () => setChanged(undefined) });
  };
  return (
    <Card title={t('title')}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <RetentionField
          before={before}
          value={value}
          ofTenant={tenant.data?.telemetryRetentionDays}
          mayFollowTenant
          disabled={!mayWrite}
          onChange={setChanged}
        />
        <SaveBar
          isChanged={value !== before}
          busy={update.isPending}
          error={update.error}
          onReset={() => setChanged(undefined)}
        />
      </form>
    </Card>
  );
}
