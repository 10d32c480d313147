import { useQuery } from '@tanstack/react-query';
import type { DashboardVariable } from '#contract/dashboards.ts';
import { SelectField } from '../../ui/field.tsx';
import { useDashboard } from '../../widgets/context.ts';
import { profilesQuery } from '../profiles/profile-queries.ts';
import { DevicePicker } from './device-picker.tsx';

/** What the reader chooses: this device, all of that profile. */
export function VariableBar({
  variables,
  onChange,
}: {
  readonly variables: readonly DashboardVariable[];
  onChange(name: string, id: string | undefined): void;
}) {
  const values = useDashboard().variables;
  const profiles = useQuery({ ...profilesQuery, enabled: variables.some(({ type }) => type === 'profile') });
  return (
    <div className="mb-3 flex flex-wrap items-end gap-2">
      {variables.map((variable) => {
        const value = values[variable.name];
        if (variable.type === 'device') {
          return (
            <DevicePicker
              key={variable.name}
              className="w-56"
              label={variable.label}
              value={value?.type === 'device' ? value.deviceId : undefined}
              profileId={variable.profileId}
              onChange={(id) => onChange(variable.name, id)}
            />
          );
        }
        return (
          <SelectField
            key={variable.name}
            className="w-56"
            label={variable.label}
            value={(value?.type === 'profile' ? value.profileId : undefined) ?? ''}
            onChange={(event) => onChange(variable.name, event.target.value === '' ? undefined : event.target.value)}
          >
            <option value="">–</option>
            {profiles.data?.items.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </SelectField>
        );
      })}
    </div>
  );
}
