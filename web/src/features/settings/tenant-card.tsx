import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { gapura, queryClient } from '../../api.ts';
import { useMay } from '../../session/session.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { TextField } from '../../ui/field.tsx';
import { ErrorState, LoadingRows } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';

/** What the organisation is called; its owner may change that. */
export function TenantCard() {
  const { t } = useTranslation('settings');
  const common = useTranslation().t;
  const mayRename = useMay('owner');
  const [name, setName] = useState<string>();
  const tenant = useQuery({ queryKey: ['tenant'], queryFn: ({ signal }) => gapura.tenant.get(signal) });
  const rename = useMutation({
    mutationFn: (next: string) => gapura.tenant.update({ name: next }),
    onSuccess: async (changed) => {
      queryClient.setQueryData(['tenant'], changed);
      setName(undefined);
      toast(t('tenant.done'));
      await queryClient.invalidateQueries({ queryKey: ['session'] });
    },
  });
  const shown = name ?? tenant.data?.name ?? '';
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    rename.mutate(shown);
  };
  return (
    <Card title={t('tenant.title')}>
      {tenant.data === undefined ? (
        tenant.isError ? (
          <ErrorState error={tenant.error} onRetry={() => void tenant.refetch()} />
        ) : (
          <LoadingRows rows={2} />
        )
      ) : (
        <form onSubmit={submit} className="flex flex-col gap-4">
          <TextField
            label={t('tenant.name')}
            value={shown}
            required
            maxLength={255}
            readOnly={!mayRename}
            hint={mayRename ? undefined : t('tenant.ownerOnly')}
            onChange={(event) => setName(event.target.value)}
          />
          <ErrorNote error={rename.error} />
          {mayRename && (
            <div className="flex justify-end">
              <Button
                type="submit"
                busy={rename.isPending}
                disabled={shown.trim() === '' || shown === tenant.data.name}
              >
                {common('save')}
              </Button>
            </div>
          )}
        </form>
      )}
    </Card>
  );
}
