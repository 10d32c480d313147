import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Role } from '#contract/common.ts';
import { gapura, queryClient } from '../../api.ts';
import { hasRole, useSession } from '../../session/session.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock, CodeLine } from '../../ui/code-block.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';

const roles: readonly Role[] = ['viewer', 'operator', 'admin', 'owner'];
const dayMs = 86_400_000;
const lifetimes = ['30', '90', '365', ''] as const;

/** Makes a key and shows it for the only time. */
export function CreateKeyDialog({ onClose }: { onClose(): void }) {
  const { t } = useTranslation('apiKeys');
  const common = useTranslation().t;
  const own = useSession().role;
  const [role, setRole] = useState<Role>('viewer');
  const [days, setDays] = useState<(typeof lifetimes)[number]>('90');
  const create = useMutation({
    mutationFn: (name: string) =>
      gapura.apiKeys.create({ name, role, expiresAt: days === '' ? null : Date.now() + Number(days) * dayMs }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['api-keys'] }),
    // It holds the key: gone with the dialog.
    gcTime: 0,
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    create.mutate(String(new FormData(event.currentTarget).get('name')));
  };
  if (create.data !== undefined) {
    const { key, name } = create.data;
    return (
      <Dialog open onOpenChange={onClose} title={t('made.title', { name })} description={t('made.text')}>
        <div className="flex flex-col gap-3">
          <CodeLine value={key} label={t('made.copy')} />
          <CodeBlock
            code={`curl -H 'Authorization: Bearer ${key}' \\\n  ${location.origin}/v1/devices`}
            label={t('made.copyExample')}
          />
        </div>
        <DialogActions>
          <Button tone="primary" onClick={onClose}>
            {t('made.done')}
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog open onOpenChange={onClose} title={t('new')} description={t('newText')}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField label={t('name')} name="name" required maxLength={255} hint={t('nameHint')} />
        <SelectField
          label={t('role')}
          hint={t('roleHint')}
          value={role}
          onChange={(event) => setRole(roles.find((each) => each === event.target.value) ?? 'viewer')}
        >
          {roles
            .filter((each) => hasRole(own, each))
            .map((each) => (
              <option key={each} value={each}>
                {common(`roles.${each}`)}
              </option>
            ))}
        </SelectField>
        <SelectField
          label={t('expires')}
          value={days}
          onChange={(event) => setDays(lifetimes.find((each) => each === event.target.value) ?? '90')}
        >
          {lifetimes.map((each) => (
            <option key={each} value={each}>
              {each === '' ? t('expiresNever') : t('inDays', { count: Number(each) })}
            </option>
          ))}
        </SelectField>
        <ErrorNote error={create.error} />
        <DialogActions>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" tone="primary" busy={create.isPending}>
            {t('make')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
