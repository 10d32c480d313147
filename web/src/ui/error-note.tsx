import { CircleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { GapuraError } from '#sdk/error.ts';
import { useErrorText } from './error-text.ts';

/** What went wrong, beside what it went wrong with. Nothing when nothing did. */
export function ErrorNote({ error }: { readonly error: unknown }) {
  const { t } = useTranslation();
  const textOf = useErrorText();
  if (error === undefined || error === null) return null;
  const requestId = error instanceof GapuraError ? error.requestId : undefined;
  return (
    <div role="alert" className="mt-3 flex gap-2 rounded-md bg-danger-soft px-3 py-2 text-danger text-sm">
      <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden="true" />
      <div className="min-w-0">
        <p>{textOf(error)}</p>
        {requestId !== undefined && error instanceof GapuraError && error.status >= 500 && (
          <p className="mt-0.5 break-all font-mono text-xs opacity-80">{t('requestId', { id: requestId })}</p>
        )}
      </div>
    </div>
  );
}
