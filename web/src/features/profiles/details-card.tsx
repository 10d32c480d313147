import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Profile } from '#contract/profiles.ts';
import { useMay } from '../../session/session.ts';
import { Card } from '../../ui/card.tsx';
import { TextAreaField, TextField } from '../../ui/field.tsx';
import { Switch } from '../../ui/switch.tsx';
import { SaveBar } from './save-bar.tsx';
import { useProfileUpdate } from './use-profile-update.ts';

/** What the profile is called, and whether devices get it that name none. */
export function DetailsCard({ profile }: { readonly profile: Profile }) {
  const { t } = useTranslation('profiles');
  const mayWrite = useMay('admin');
  const [changes, setChanges] = useState<Partial<Pick<Profile, 'name' | 'description' | 'isDefault'>>>({});
  const update = useProfileUpdate(profile);
  const now = { ...profile, ...changes };
  const isChanged =
    now.name !== profile.name || now.description !== profile.description || now.isDefault !== profile.isDefault;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    update.mutate(changes, { onSuccess: () => setChanges({}) });
  };
  return (
    <Card title={t('details')}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label={t('name')}
          value={now.name}
          required
          maxLength={255}
          readOnly={!mayWrite}
          onChange={(event) => setChanges({ ...changes, name: event.target.value })}
        />
        <TextAreaField
          label={t('description')}
          value={now.description}
          maxLength={4000}
          readOnly={!mayWrite}
          onChange={(event) => setChanges({ ...changes, description: event.target.value })}
        />
        <Switch
          label={t('isDefault.label')}
          hint={profile.isDefault ? t('isDefault.stays') : t('isDefault.hint')}
          checked={now.isDefault}
          // A tenant has one: it moves by making another the default.
          disabled={!mayWrite || profile.isDefault}
          onChange={(isDefault) => setChanges({ ...changes, isDefault })}
        />
        <SaveBar isChanged={isChanged} busy={update.isPending} error={update.error} onReset={() => setChanges({})} />
      </form>
    </Card>
  );
}
