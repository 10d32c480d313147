import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device, UpdateDevice } from '#contract/devices.ts';
import { gapura } from '../../../api.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog, DialogActions } from '../../../ui/dialog.tsx';
import { ErrorNote } from '../../../ui/error-note.tsx';
import { SelectField, TextAreaField, TextField } from '../../../ui/field.tsx';
import { Switch } from '../../../ui/switch.tsx';
import { profilesQuery } from '../queries.ts';

export function EditDeviceDialog({ device, onClose }: { readonly device: Device; onClose(): void }) {
  const { t } = useTranslation('devices');
  const { t: common } = useTranslation();
  const queries = useQueryClient();
  const profiles = useQuery(profilesQuery);
  const { name, label, description, profileId, isGateway } = device;
  const [fields, setFields] = useState({ name, label, description, profileId, isGateway });
  const save = useMutation({
    mutationFn: (changes: UpdateDevice) => gapura.devices.update(device.id, changes),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['devices'] });
      onClose();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate(fields);
  };
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()} title={t('editTitle', { name: device.name })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label={t('column.name')}
          required
          maxLength={255}
          value={fields.name}
          onChange={(event) => setFields({ ...fields, name: event.target.value })}
        />
        <TextField
          label={t('column.label')}
          maxLength={255}
          value={fields.label}
          onChange={(event) => setFields({ ...fields, label: event.target.value })}
        />
        <SelectField
          label={t('column.profile')}
          value={fields.profileId}
          onChange={(event) => setFields({ ...fields, profileId: event.target.value })}
        >
          {(profiles.data ?? [{ id: device.profileId, name: device.profileName }]).map((profile) => (
            <option key={profile.id} value={profile.id}>
              {profile.name}
            </option>
          ))}
        </SelectField>
        <TextAreaField
          label={t('description')}
          maxLength={4000}
          value={fields.description}
          onChange={(event) => setFields({ ...fields, description: event.target.value })}
        />
        <Switch
          label={t('gateway')}
          hint={t('gatewayHint')}
          checked={fields.isGateway}
          onChange={(checked) => setFields({ ...fields, isGateway: checked })}
        />
        <ErrorNote error={save.error} />
        <DialogActions>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" tone="primary" busy={save.isPending}>
            {common('save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
