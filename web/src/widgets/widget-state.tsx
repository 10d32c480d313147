import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../ui/error-text.ts';
import { Skeleton } from '../ui/states.tsx';
import type { SourceDevices } from './context.ts';

/** Why a widget shows nothing; its content when it does. */
export function WidgetState({ source, children }: { readonly source: SourceDevices; readonly children: ReactNode }) {
  const { t } = useTranslation('dashboards');
  const textOf = useErrorText();
  if (source.isUnset) return <Hint>{t('widget.unset')}</Hint>;
  if (source.isPending) return <Skeleton className="h-full min-h-8 w-full" />;
  if (source.error !== null && source.error !== undefined) {
    return (
      <Hint>
        {textOf(source.error)}{' '}
        <button type="button" className="underline" onClick={source.refetch}>
          {t('widget.retry')}
        </button>
      </Hint>
    );
  }
  if (source.devices.length === 0) return <Hint>{t('widget.noDevices')}</Hint>;
  return children;
}

export function Hint({ children }: { readonly children: ReactNode }) {
  return (
    <div className="flex h-full items-center justify-center text-balance p-2 text-center text-ink-3 text-xs">
      {children}
    </div>
  );
}
