import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { gapura, queryClient } from '../../api.ts';
import { useMay } from '../../session/session.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { ErrorState, LoadingRows } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { isRetention } from '../retention/days.ts';
import { RetentionField } from '../retention/retention-field.tsx';

/** How long the organisation keeps telemetry; its owner may change that. */
export function RetentionCard() {
  const { t } = useTranslation('retention');
  const common = useTranslation().t;
  const mayChange = useMay('owner');
  const [changed, setChanged] = useState<number | null>();
  const tenant = useQuery({ queryKey: ['tenant'], queryFn: ({ signal }) => gapura.tenant.get(signal) });
  const save = useMutation({
    mutationFn: (telemetryRetentionDays: number | null) => gapura.tenant.update({ telemetryRetentionDays }),
    onSuccess: (now) => {
      queryClient.setQueryData(['tenant'], now);
      setChanged(undefined);
      toast(t('saved'));
    },
  });
  if (tenant.data === undefined) {
    return (
      <Card title={t('title')}>
        {tenant.isError ? (
          <ErrorState error={tenant.error} onRetry={() => void tenant.refetch()} />
        ) : (
          <LoadingRows rows={2} />
        )}
      </Card>
    );
  }
  const before = tenant.data.telemetryRetentionDays;
  const value = changed === undefined ? before : changed;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate(value);
  };
  return (
    <Card title={t('title')}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <RetentionField
          before={before}
          value={value}
          mayFollowTenant={false}
          disabled={!mayChange}
          onChange={(next) => setChanged(next === 'tenant' ? null : next)}
        />
        <p className="text-ink-3 text-xs">{t('ofTenant')}</p>
        <ErrorNote error={save.error} />
        {mayChange && (
          <div className="flex justify-end">
            <Button type="submit" busy={save.isPending} disabled={value === before || !isRetention(value)}>
              {common('save')}
            </Button>
          </div>
        )}
      </form>
    </Card>
  );
}
