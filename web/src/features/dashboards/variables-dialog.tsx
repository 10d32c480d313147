import { useQuery } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DashboardLayout, DashboardVariable } from '#contract/dashboards.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { profilesQuery } from '../profiles/profile-queries.ts';
import { DevicePicker } from './device-picker.tsx';

const variablesLimit = 5;

/** What readers of the dashboard choose themselves. */
export function VariablesDialog({
  layout,
  onSave,
  onClose,
}: {
  readonly layout: DashboardLayout;
  onSave(variables: DashboardVariable[]): void;
  onClose(): void;
}) {
  const { t } = useTranslation('dashboards');
  const common = useTranslation().t;
  const profiles = useQuery(profilesQuery);
  const [variables, setVariables] = useState<readonly DashboardVariable[]>(layout.variables);
  const used = new Set(
    layout.widgets.flatMap((widget) =>
      'source' in widget && widget.source.type === 'variable' ? [widget.source.name] : [],
    ),
  );
  const add = (type: DashboardVariable['type']): void => {
    let number = 1;
    while (variables.some(({ name }) => name === `${type}${number}`)) number++;
    setVariables([...variables, { name: `${type}${number}`, type, label: t(`variables.${type}`) }]);
  };
  const change = (name: string, to: (variable: DashboardVariable) => DashboardVariable): void =>
    setVariables(variables.map((variable) => (variable.name === name ? to(variable) : variable)));
  return (
    <Dialog open onOpenChange={onClose} title={t('variables.title')} description={t('variables.text')}>
      <div className="flex flex-col gap-4">
        {variables.map((variable) => (
          <div key={variable.name} className="flex flex-col gap-2 rounded-md border border-line p-3">
            <div className="flex items-end gap-2">
              <TextField
                className="flex-1"
                label={t(`variables.label.${variable.type}`)}
                value={variable.label}
                maxLength={120}
                onChange={(event) => change(variable.name, (each) => ({ ...each, label: event.target.value }))}
              />
              <Button
                tone="quiet"
                disabled={used.has(variable.name)}
                title={used.has(variable.name) ? t('variables.used') : undefined}
                aria-label={t('variables.remove', { label: variable.label })}
                icon={<Trash2 className="size-4" />}
                onClick={() => setVariables(variables.filter(({ name }) => name !== variable.name))}
              />
            </div>
            {variable.type === 'device' ? (
              <DevicePicker
                label={t('variables.first')}
                value={variable.deviceId}
                onChange={(deviceId) =>
                  change(variable.name, (each) => {
                    const { name, label } = each;
                    return { name, label, type: 'device', ...(deviceId !== undefined && { deviceId }) };
                  })
                }
              />
            ) : (
              <SelectField
                label={t('variables.first')}
                value={variable.profileId ?? ''}
                onChange={(event) => {
                  const profileId = event.target.value;
                  change(variable.name, ({ name, label }) => ({
                    name,
                    label,
                    type: 'profile',
                    ...(profileId !== '' && { profileId }),
                  }));
                }}
              >
                <option value="">–</option>
                {profiles.data?.items.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </SelectField>
            )}
          </div>
        ))}
        <div className="flex flex-wrap gap-2">
          <Button disabled={variables.length >= variablesLimit} onClick={() => add('device')}>
            {t('variables.addDevice')}
          </Button>
          <Button disabled={variables.length >= variablesLimit} onClick={() => add('profile')}>
            {t('variables.addProfile')}
          </Button>
        </div>
      </div>
      <DialogActions>
        <Button onClick={onClose}>{common('cancel')}</Button>
        <Button
          tone="primary"
          onClick={() => {
            onSave([...variables]);
            onClose();
          }}
        >
          {t('edit.take')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
