import { Eye, EyeOff } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Credentials } from '#contract/credentials.ts';
import { Button } from '../../../ui/button.tsx';
import { CodeLine } from '../../../ui/code-block.tsx';

/** Fields that let somebody else be the device. */
const secrets: ReadonlySet<string> = new Set(['token', 'password', 'key']);

/** The parts of some credentials; secret ones stay covered until somebody asks, and can be copied covered. */
export function CredentialsFields({ credentials }: { readonly credentials: Credentials }) {
  const { t, i18n } = useTranslation('devices');
  const [isShown, setShown] = useState(false);
  const { type, ...fields } = credentials;
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '');
  const nameOf = (field: string): string =>
    i18n.exists(`credentials.fields.${field}`, { ns: 'devices' })
      ? t(`credentials.fields.${field}` as 'credentials.fields.token')
      : field;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-center gap-3">
        <span className="text-ink-2 text-sm">{t(`credentials.types.${type}`)}</span>
        {entries.some(([field]) => secrets.has(field)) && (
          <Button
            tone="quiet"
            size="sm"
            icon={isShown ? <EyeOff className="size-3.5" /> : <Eye className="size-3.5" />}
            onClick={() => setShown(!isShown)}
          >
            {isShown ? t('credentials.hide') : t('credentials.show')}
          </Button>
        )}
      </div>
      {entries.map(([field, value]) => {
        const text = String(value);
        const isCovered = secrets.has(field) && !isShown;
        return (
          <div key={field} className="flex flex-col gap-1">
            <span className="font-medium text-ink text-xs">{nameOf(field)}</span>
            <CodeLine
              value={text}
              label={t('credentials.copyOf', { field: nameOf(field) })}
              {...(isCovered && { shown: '•'.repeat(Math.min(24, text.length)) })}
            />
          </div>
        );
      })}
    </div>
  );
}
