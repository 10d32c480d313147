import { WifiOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format.ts';
import { useConnection } from '../live/connection.ts';

/** Says that live values stand still, since when, and that it is being mended. */
export function ConnectionNotice() {
  const { t } = useTranslation();
  const format = useFormat();
  const { state, lostAtMs } = useConnection();
  return (
    <div role="status">
      {state === 'lost' && (
        <div className="flex items-center gap-2 border-line border-b bg-warn-soft px-4 py-2 text-sm text-warn sm:px-6">
          <WifiOff className="size-4 shrink-0" aria-hidden="true" />
          {t('connectionLost', { time: format.time(lostAtMs ?? Date.now()) })}
        </div>
      )}
    </div>
  );
}
