import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Language } from '#contract/users.ts';
import { setTimeZone, timeZones, useFormat, useTimeZone } from '../../i18n/format.ts';
import { currentLanguage, setLanguage } from '../../i18n/i18n.ts';
import { rememberLanguage } from '../../session/session.ts';
import { setTheme, themes, useTheme } from '../../theme.ts';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { SelectField } from '../../ui/field.tsx';
import { useNow } from '../../ui/time-ago.tsx';

/** Language, theme and time zone, as this browser shows them. */
export function DisplayCard() {
  const { t } = useTranslation('settings');
  const common = useTranslation().t;
  const theme = useTheme();
  const zone = useTimeZone();
  const format = useFormat();
  const now = useNow();
  const remember = useMutation({ mutationFn: rememberLanguage });
  const choose = async (language: Language): Promise<void> => {
    await setLanguage(language);
    remember.mutate(language);
  };
  return (
    <Card title={t('display.title')}>
      <div className="flex flex-col gap-4">
        <SelectField
          label={common('language')}
          value={currentLanguage()}
          onChange={(event) => void choose(event.target.value === 'id' ? 'id' : 'en')}
        >
          <option value="en">English</option>
          <option value="id">Bahasa Indonesia</option>
        </SelectField>
        <ErrorNote error={remember.error} />
        <SelectField
          label={common('theme.title')}
          value={theme}
          onChange={(event) => setTheme(themes.find((each) => each === event.target.value) ?? 'system')}
        >
          {themes.map((each) => (
            <option key={each} value={each}>
              {common(`theme.${each}`)}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={t('display.timeZone')}
          hint={format.dateTime(now)}
          value={zone}
          onChange={(event) => setTimeZone(timeZones.find((each) => each === event.target.value) ?? 'system')}
        >
          {timeZones.map((each) => (
            <option key={each} value={each}>
              {t(`display.zones.${zoneKeys[each]}`)}
            </option>
          ))}
        </SelectField>
      </div>
    </Card>
  );
}

const zoneKeys = {
  system: 'system',
  'Asia/Jakarta': 'wib',
  'Asia/Makassar': 'wita',
  'Asia/Jayapura': 'wit',
  UTC: 'utc',
} as const;
