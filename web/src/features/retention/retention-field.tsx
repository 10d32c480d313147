import { useTranslation } from 'react-i18next';
import { SelectField, TextField } from '../../ui/field.tsx';
import { isRetention, maxRetentionDays, type Retention, shortenedTo } from './days.ts';

/** What the field for days begins with. */
const firstDays = 90;

/** Asks how long telemetry is kept, and says what goes when it is kept shorter than today. */
export function RetentionField({
  before,
  value,
  ofTenant,
  mayFollowTenant,
  disabled,
  onChange,
}: {
  /** What holds today. */
  readonly before: Retention;
  readonly value: Retention;
  /** Undefined while it is not known. */
  readonly ofTenant?: number | null | undefined;
  readonly mayFollowTenant: boolean;
  readonly disabled: boolean;
  onChange(value: Retention): void;
}) {
  const { t } = useTranslation('retention');
  const gone = shortenedTo(before, value, ofTenant);
  const choose = (choice: string): void => {
    if (choice === 'days') onChange(typeof before === 'number' ? before : firstDays);
    else onChange(choice === 'tenant' ? 'tenant' : null);
  };
  const tenantSays = ofTenant === undefined || ofTenant === null ? t('forever') : t('days', { count: ofTenant });
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label={t('label')}
          value={typeof value === 'number' ? 'days' : (value ?? 'forever')}
          disabled={disabled}
          onChange={(event) => choose(event.target.value)}
        >
          {mayFollowTenant && <option value="tenant">{t('tenant', { says: tenantSays })}</option>}
          <option value="forever">{t('forever')}</option>
          <option value="days">{t('limited')}</option>
        </SelectField>
        {typeof value === 'number' && (
          <TextField
            label={t('number')}
            type="number"
            inputMode="numeric"
            required
            min={1}
            max={maxRetentionDays}
            step={1}
            disabled={disabled}
            value={Number.isNaN(value) ? '' : value}
            error={isRetention(value) ? undefined : t('range', { max: maxRetentionDays })}
            onChange={(event) => onChange(event.target.valueAsNumber)}
          />
        )}
      </div>
      {gone !== undefined && (
        <p role="status" className="text-danger text-xs">
          {t('warning', { count: gone })}
        </p>
      )}
    </>
  );
}
