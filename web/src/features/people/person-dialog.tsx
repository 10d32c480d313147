import { useMutation } from '@tanstack/react-query';
import { Sparkles } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Role } from '#contract/common.ts';
import type { Language, User } from '#contract/users.ts';
import { gapura, queryClient } from '../../api.ts';
import { hasRole, useSession } from '../../session/session.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { RadioCards } from '../../ui/radio-cards.tsx';
import { toast } from '../../ui/toast.tsx';

const roles: readonly Role[] = ['viewer', 'operator', 'admin', 'owner'];

/** A new person, or what is to change of one. */
export function PersonDialog({ user, onClose }: { readonly user: User | undefined; onClose(): void }) {
  const { t } = useTranslation('people');
  const common = useTranslation().t;
  const own = useSession().role;
  const [role, setRole] = useState<Role>(user?.role ?? 'viewer');
  const [password, setPassword] = useState('');
  const save = useMutation({
    mutationFn: (form: { email: string; name: string; language: Language }) => {
      const secret = password === '' ? {} : { password };
      return user === undefined
        ? gapura.users.create({ ...form, role, password })
        : gapura.users.update(user.id, { ...form, role, ...secret });
    },
    onSuccess: async (saved) => {
      toast(t(user === undefined ? 'added' : 'saved', { email: saved.email }));
      await queryClient.invalidateQueries({ queryKey: ['users'] });
      onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    save.mutate({
      email: String(form.get('email')),
      name: String(form.get('name')),
      language: form.get('language') === 'id' ? 'id' : 'en',
    });
  };
  return (
    <Dialog open onOpenChange={onClose} title={user === undefined ? t('add') : t('editTitle', { email: user.email })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label={t('email')}
          name="email"
          type="email"
          required
          maxLength={254}
          defaultValue={user?.email}
          autoComplete="off"
        />
        <TextField label={t('name')} name="name" maxLength={255} defaultValue={user?.name} autoComplete="off" />
        <SelectField label={t('language')} name="language" defaultValue={user?.language ?? 'en'}>
          <option value="en">English</option>
          <option value="id">Bahasa Indonesia</option>
        </SelectField>
        <RadioCards<Role>
          label={t('role')}
          value={role}
          onChange={setRole}
          options={roles
            .filter((each) => hasRole(own, each))
            .map((each) => ({ value: each, title: common(`roles.${each}`), text: t(`roleText.${each}`) }))}
        />
        <div className="flex items-end gap-2">
          <TextField
            className="flex-1"
            label={user === undefined ? t('password') : t('newPassword')}
            hint={user === undefined ? t('passwordHint') : t('newPasswordHint')}
            value={password}
            required={user === undefined}
            minLength={12}
            maxLength={256}
            mono
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setPassword(event.target.value)}
          />
        </div>
        <div className="-mt-2 flex gap-2">
          <Button
            size="sm"
            icon={<Sparkles className="size-3.5" aria-hidden="true" />}
            onClick={() => setPassword(makePassword())}
          >
            {t('generate')}
          </Button>
          {password !== '' && <CopyButton value={password} text={t('copyPassword')} />}
        </div>
        <ErrorNote error={save.error} />
        <DialogActions>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" tone="primary" busy={save.isPending}>
            {user === undefined ? t('add') : common('save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** 20 characters that are not mistaken for each other, about 116 bits. */
function makePassword(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  // Values from the last, incomplete turn through the alphabet would favour its first letters.
  const fair = 256 - (256 % alphabet.length);
  let password = '';
  while (password.length < 20) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      if (byte < fair && password.length < 20) password += alphabet[byte % alphabet.length];
    }
  }
  return password;
}
