import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { DashboardVariable, WidgetSource } from '#contract/dashboards.ts';
import { SelectField } from '../../ui/field.tsx';
import { profilesQuery } from '../profiles/profile-queries.ts';
import { DevicePicker } from './device-picker.tsx';

/** Whose values a widget shows. */
export function SourceFields({
  source,
  variables,
  onChange,
}: {
  readonly source: WidgetSource | undefined;
  readonly variables: readonly DashboardVariable[];
  onChange(source: WidgetSource | undefined, kind: string): void;
}) {
  const { t } = useTranslation('dashboards');
  const profiles = useQuery(profilesQuery);
  const choice =
    source === undefined
      ? ''
      : source.type === 'device'
        ? 'device'
        : source.type === 'profile'
          ? `profile:${source.profileId}`
          : `variable:${source.name}`;
  return (
    <>
      <SelectField
        label={t('source.label')}
        value={choice === '' ? 'device' : choice}
        onChange={(event) => {
          const [type, id = ''] = event.target.value.split(':');
          if (type === 'profile') onChange({ type, profileId: id }, type);
          else if (type === 'variable') onChange({ type, name: id }, type);
          else onChange(undefined, 'device');
        }}
      >
        <option value="device">{t('source.device')}</option>
        {variables.length > 0 && (
          <optgroup label={t('source.variables')}>
            {variables.map(({ name, label }) => (
              <option key={name} value={`variable:${name}`}>
                {label}
              </option>
            ))}
          </optgroup>
        )}
        <optgroup label={t('source.profiles')}>
          {profiles.data?.items.map(({ id, name }) => (
            <option key={id} value={`profile:${id}`}>
              {t('source.allOf', { name })}
            </option>
          ))}
        </optgroup>
      </SelectField>
      {(source === undefined || source.type === 'device') && (
        <DevicePicker
          label={t('source.device')}
          value={source?.deviceId}
          onChange={(deviceId) => onChange(deviceId === undefined ? undefined : { type: 'device', deviceId }, 'device')}
        />
      )}
    </>
  );
}
