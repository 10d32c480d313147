import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Dashboard, DashboardLayout } from '#contract/dashboards.ts';
import { gapura, queryClient } from '../../api.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { TextAreaField, TextField } from '../../ui/field.tsx';
import { dashboardQuery } from './dashboard-queries.ts';

/** A new dashboard (with a layout when one is given), or what one is called. */
export function NameDialog({
  dashboard,
  layout,
  suggestion,
  onClose,
}: {
  readonly dashboard?: Dashboard;
  readonly layout?: DashboardLayout;
  readonly suggestion?: string;
  onClose(): void;
}) {
  const { t } = useTranslation('dashboards');
  const common = useTranslation().t;
  const navigate = useNavigate();
  const save = useMutation({
    mutationFn: (names: { name: string; description: string }) =>
      dashboard === undefined
        ? gapura.dashboards.create({ ...names, ...(layout !== undefined && { layout }) })
        : gapura.dashboards.update(dashboard.id, names),
    onSuccess: async (saved) => {
      queryClient.setQueryData(dashboardQuery(saved.id).queryKey, saved);
      await queryClient.invalidateQueries({ queryKey: ['dashboards', 'list'] });
      onClose();
      if (dashboard === undefined) {
        await navigate({ to: '/dashboards/$dashboardId', params: { dashboardId: saved.id }, search: { edit: true } });
      }
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    save.mutate({ name: String(form.get('name')), description: String(form.get('description')) });
  };
  return (
    <Dialog open onOpenChange={onClose} title={dashboard === undefined ? t('new') : t('rename')}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label={t('name')}
          name="name"
          required
          maxLength={255}
          defaultValue={dashboard?.name ?? suggestion}
        />
        <TextAreaField
          label={t('description')}
          name="description"
          maxLength={4000}
          defaultValue={dashboard?.description}
        />
        <ErrorNote error={save.error} />
        <DialogActions>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" tone="primary" busy={save.isPending}>
            {dashboard === undefined ? t('create') : common('save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
