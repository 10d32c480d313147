import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Profile } from '#contract/profiles.ts';
import { gapura } from '../../../api.ts';
import { Button } from '../../../ui/button.tsx';
import { Choice } from '../../../ui/choice.tsx';
import { ErrorNote } from '../../../ui/error-note.tsx';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { profilesQuery } from '../queries.ts';
import type { Arrival, Proof } from './arrival.ts';
import { allowedProofs, ProofChoice } from './proof-choice.tsx';

const strategies = ['ALLOW_CREATE_NEW_DEVICES', 'CHECK_PRE_PROVISIONED_DEVICES'] as const;
type Strategy = (typeof strategies)[number];

/** Chooses or makes the profile whose key and secret a fleet carries. */
export function FleetForm({ onDone }: { onDone(arrival: Arrival): void }) {
  const { t } = useTranslation('addDevice');
  const queries = useQueryClient();
  const profiles = useQuery(profilesQuery);
  /** Empty: a new one. */
  const [profileId, setProfileId] = useState('');
  const [name, setName] = useState('');
  const [strategy, setStrategy] = useState<Strategy>('ALLOW_CREATE_NEW_DEVICES');
  const [wanted, setWanted] = useState<Proof>('ACCESS_TOKEN');
  const chosen = profiles.data?.find(({ id }) => id === profileId);
  // A profile that takes proofs alone is for devices that can make one.
  const allowed = chosen?.provisioning.requireProof === true ? ['JWT' as const] : allowedProofs(chosen?.minAuth);
  const proof = allowed.includes(wanted) ? wanted : 'JWT';
  const open = useMutation({
    mutationFn: (): Promise<Profile> => {
      if (chosen === undefined) return gapura.profiles.create({ name, provisioning: { strategy } });
      if (chosen.provisioning.strategy === strategy) return gapura.profiles.get(chosen.id);
      return gapura.profiles.update(chosen.id, { provisioning: { strategy } });
    },
    onSuccess: (profile) => {
      void queries.invalidateQueries({ queryKey: ['profiles'] });
      onDone({ kind: 'fleet', profile, proof });
    },
  });
  const choose = (id: string): void => {
    setProfileId(id);
    const known = profiles.data?.find((profile) => profile.id === id)?.provisioning.strategy;
    setStrategy(strategies.find((each) => each === known) ?? 'ALLOW_CREATE_NEW_DEVICES');
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    open.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <SelectField
        label={t('profile')}
        hint={t('fleet.profileHint')}
        value={profileId}
        onChange={(event) => choose(event.target.value)}
      >
        <option value="">{t('fleet.newProfile')}</option>
        {profiles.data?.map((profile) => (
          <option key={profile.id} value={profile.id}>
            {profile.name}
          </option>
        ))}
      </SelectField>
      {profileId === '' && (
        <TextField
          label={t('fleet.profileName')}
          required
          maxLength={255}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      )}
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 font-medium text-ink text-xs">{t('fleet.strategy')}</legend>
        {strategies.map((each) => (
          <Choice
            key={each}
            name="strategy"
            title={t(`strategy.${each}.title`)}
            text={t(`strategy.${each}.text`)}
            risk={t(`strategy.${each}.risk`)}
            checked={strategy === each}
            onChoose={() => setStrategy(each)}
          />
        ))}
      </fieldset>
      <ProofChoice value={proof} allowed={allowed} onChange={setWanted} />
      {chosen !== undefined && chosen.provisioning.strategy !== strategy && (
        <p className="rounded-md bg-warn-soft px-3 py-2 text-warn text-xs">
          {t('fleet.changesProfile', { name: chosen.name })}
        </p>
      )}
      <div>
        <Button type="submit" tone="primary" busy={open.isPending}>
          {t('fleet.open')}
        </Button>
        <ErrorNote error={open.error} />
      </div>
    </form>
  );
}
