import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { User } from '#contract/users.ts';
import { gapura, queryClient } from '../../api.ts';
import { sessionQuery } from '../../session/session.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { TextField } from '../../ui/field.tsx';
import { toast } from '../../ui/toast.tsx';
import { usePasswordStrength } from '../set-up/password-strength.ts';
import { StrengthMeter } from '../set-up/strength-meter.tsx';

/** One's own password; a change ends all other sessions. */
export function PasswordCard({ user }: { readonly user: User }) {
  const { t } = useTranslation('settings');
  const [current, setCurrent] = useState('');
  const [wanted, setWanted] = useState('');
  const strength = usePasswordStrength(wanted, [user.email, user.name]);
  const change = useMutation({
    mutationFn: () => gapura.session.changePassword({ currentPassword: current, newPassword: wanted }),
    // A wrong password is no session that has ended.
    meta: { provesIdentity: true },
    onSuccess: (session) => {
      queryClient.setQueryData(sessionQuery.queryKey, session);
      setCurrent('');
      setWanted('');
      toast(t('password.done'));
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Card title={t('password.title')}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <input type="hidden" name="username" autoComplete="username" value={user.email} />
        <TextField
          label={t('password.current')}
          type="password"
          autoComplete="current-password"
          required
          maxLength={256}
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <div className="flex flex-col gap-2">
          <TextField
            label={t('password.next')}
            type="password"
            autoComplete="new-password"
            required
            minLength={12}
            maxLength={256}
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
          {wanted !== '' && <StrengthMeter strength={strength} />}
        </div>
        <ErrorNote error={change.error} />
        <div className="flex justify-end">
          <Button type="submit" busy={change.isPending} disabled={current === '' || wanted === ''}>
            {t('password.submit')}
          </Button>
        </div>
      </form>
    </Card>
  );
}
