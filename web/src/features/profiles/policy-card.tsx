import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Profile } from '#contract/profiles.ts';
import { useMay } from '../../session/session.ts';
import { Card } from '../../ui/card.tsx';
import { SelectField } from '../../ui/field.tsx';
import { Switch } from '../../ui/switch.tsx';
import { minAuths } from './profile-queries.ts';
import { SaveBar } from './save-bar.tsx';
import { useProfileUpdate } from './use-profile-update.ts';

const fields = ['minAuth', 'tlsOnly', 'tokenInPath', 'requireNonce'] as const;
type Policy = Pick<Profile, (typeof fields)[number]>;

/** What devices of the profile have to do so that the gate opens. */
export function PolicyCard({ profile }: { readonly profile: Profile }) {
  const { t } = useTranslation('profiles');
  const mayWrite = useMay('admin');
  const [changes, setChanges] = useState<Partial<Policy>>({});
  const update = useProfileUpdate(profile);
  const now: Policy = { ...profile, ...changes };
  const isChanged = fields.some((field) => now[field] !== profile[field]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    update.mutate(changes, { onSuccess: () => setChanges({}) });
  };
  const flag = (field: 'tlsOnly' | 'tokenInPath' | 'requireNonce') => (
    <Switch
      label={t(`${field}.label`)}
      hint={t(`${field}.hint`)}
      checked={now[field]}
      disabled={!mayWrite}
      onChange={(value) => setChanges({ ...changes, [field]: value })}
    />
  );
  return (
    <Card title={t('policies')}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <SelectField
          label={t('minAuth.label')}
          hint={t(`minAuth.${now.minAuth}.text`)}
          value={now.minAuth}
          disabled={!mayWrite}
          onChange={(event) => {
            const minAuth = minAuths.find((each) => each === event.target.value);
            if (minAuth !== undefined) setChanges({ ...changes, minAuth });
          }}
        >
          {minAuths.map((minAuth) => (
            <option key={minAuth} value={minAuth}>
              {t(`minAuth.${minAuth}.title`)}
            </option>
          ))}
        </SelectField>
        {flag('tlsOnly')}
        {now.minAuth === 'token' && flag('tokenInPath')}
        {now.minAuth === 'signed' && flag('requireNonce')}
        <SaveBar isChanged={isChanged} busy={update.isPending} error={update.error} onReset={() => setChanges({})} />
      </form>
    </Card>
  );
}
