import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CreateDevice } from '#contract/devices.ts';
import { gapura } from '../../../api.ts';
import { Button } from '../../../ui/button.tsx';
import { ErrorNote } from '../../../ui/error-note.tsx';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { profilesQuery } from '../queries.ts';
import type { Arrival, Proof } from './arrival.ts';
import { allowedProofs, ProofChoice } from './proof-choice.tsx';

export function OneDeviceForm({ onDone }: { onDone(arrival: Arrival): void }) {
  const { t } = useTranslation('addDevice');
  const queries = useQueryClient();
  const profiles = useQuery(profilesQuery);
  const [name, setName] = useState('');
  const [label, setLabel] = useState('');
  const [profileId, setProfileId] = useState('');
  const [wanted, setWanted] = useState<Proof>('ACCESS_TOKEN');
  const profile = profiles.data?.find(({ id, isDefault }) => (profileId === '' ? isDefault : id === profileId));
  const allowed = allowedProofs(profile?.minAuth);
  const proof = allowed.includes(wanted) ? wanted : 'JWT';
  const create = useMutation({
    mutationFn: (device: CreateDevice) => gapura.devices.create(device),
    onSuccess: (device) => {
      void queries.invalidateQueries({ queryKey: ['devices'] });
      onDone({ kind: 'one', device, profile });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate({
      name,
      ...(label !== '' && { label }),
      ...(profileId !== '' && { profileId }),
      ...(proof === 'JWT' && { credentials: { type: 'JWT' } }),
    });
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
      <ProofChoice value={proof} allowed={allowed} onChange={setWanted} />
      <div>
        <Button type="submit" tone="primary" busy={create.isPending}>
          {t('one.create')}
        </Button>
        <ErrorNote error={create.error} />
      </div>
    </form>
  );
}
