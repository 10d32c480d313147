import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CreateDevice } from '#contract/devices.ts';
import { gapura } from '../../../api.ts';
import { Button } from '../../../ui/button.tsx';
import { ErrorNote } from '../../../ui/error-note.tsx';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { profilesQuery } from '../queries.ts';
import type { Arrival } from './arrival.ts';

export function OneDeviceForm({ onDone }: { onDone(arrival: Arrival): void }) {
  const { t } = useTranslation('addDevice');
  const queries = useQueryClient();
  const profiles = useQuery(profilesQuery);
  const [name, setName] = useState('');
  const [label, setLabel] = useState('');
  const [profileId, setProfileId] = useState('');
  const create = useMutation({
    mutationFn: (device: CreateDevice) => gapura.devices.create(device),
    onSuccess: (device) => {
      void queries.invalidateQueries({ queryKey: ['devices'] });
      onDone({ kind: 'one', device });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate({ name, ...(label !== '' && { label }), ...(profileId !== '' && { profileId }) });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label={t('one.name')}
        hint={t('one.nameHint')}
        required
        maxLength={255}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <TextField
        label={t('one.label')}
        maxLength={255}
        value={label}
        onChange={(event) => setLabel(event.target.value)}
      />
      <SelectField label={t('profile')} value={profileId} onChange={(event) => setProfileId(event.target.value)}>
        <option value="">{t('defaultProfile')}</option>
        {profiles.data
          ?.filter(({ isDefault }) => !isDefault)
          .map((profile) => (
            <option key={profile.id} value={profile.id}>
              {profile.name}
            </option>
          ))}
      </SelectField>
      <div>
        <Button type="submit" tone="primary" busy={create.isPending}>
          {t('one.create')}
        </Button>
        <ErrorNote error={create.error} />
      </div>
    </form>
  );
}
