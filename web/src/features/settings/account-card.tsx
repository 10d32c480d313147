import { useMutation } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { User } from '#contract/users.ts';
import { updateOwnUser } from '../../session/session.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { TextField } from '../../ui/field.tsx';
import { toast } from '../../ui/toast.tsx';

/** Who one is, and what one is called. */
export function AccountCard({ user }: { readonly user: User }) {
  const { t } = useTranslation('settings');
  const common = useTranslation().t;
  const router = useRouter();
  const [name, setName] = useState(user.name);
  const rename = useMutation({
    mutationFn: () => updateOwnUser({ name }),
    onSuccess: async (changed) => {
      setName(changed.name);
      toast(t('account.done'));
      // The session stands in the route's context.
      await router.invalidate();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    rename.mutate();
  };
  return (
    <Card title={t('account.title')}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField label={t('account.email')} value={user.email} readOnly />
        <TextField
          label={t('account.name')}
          value={name}
          maxLength={255}
          autoComplete="name"
          onChange={(event) => setName(event.target.value)}
        />
        <ErrorNote error={rename.error} />
        <div className="flex justify-end">
          <Button type="submit" busy={rename.isPending} disabled={name === user.name}>
            {common('save')}
          </Button>
        </div>
      </form>
    </Card>
  );
}
