import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CreateProfile, ProvisionStrategy } from '#contract/profiles.ts';
import { gapura } from '../../api.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { TextAreaField, TextField } from '../../ui/field.tsx';
import { StrategyChoice } from './strategy-choice.tsx';

export function CreateProfileDialog({
  open,
  onOpenChange,
}: {
  readonly open: boolean;
  onOpenChange(open: boolean): void;
}) {
  const { t } = useTranslation('profiles');
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t('create.title')} description={t('create.lead')}>
      {open && <CreateForm close={() => onOpenChange(false)} />}
    </Dialog>
  );
}

function CreateForm({ close }: { close(): void }) {
  const { t } = useTranslation('profiles');
  const common = useTranslation().t;
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [strategy, setStrategy] = useState<ProvisionStrategy>('DISABLED');
  const create = useMutation({
    mutationFn: (profile: CreateProfile) => gapura.profiles.create(profile),
    onSuccess: async (profile) => {
      await cache.invalidateQueries({ queryKey: ['profiles'] });
      close();
      await navigate({ to: '/profiles/$profileId', params: { profileId: profile.id } });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    create.mutate({
      name: String(form.get('name')),
      description: String(form.get('description')),
      provisioning: { strategy },
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField label={t('name')} name="name" required maxLength={255} hint={t('create.nameHint')} />
      <TextAreaField label={t('description')} name="description" maxLength={4000} />
      <StrategyChoice value={strategy} onChange={setStrategy} />
      <ErrorNote error={create.error} />
      <DialogActions>
        <Button onClick={close}>{common('cancel')}</Button>
        <Button type="submit" tone="primary" busy={create.isPending}>
          {t('create.submit')}
        </Button>
      </DialogActions>
    </form>
  );
}
