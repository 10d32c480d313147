import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';

/** Under a form that was changed: take it, or take it back. */
export function SaveBar({
  isChanged,
  busy,
  error,
  onReset,
}: {
  readonly isChanged: boolean;
  readonly busy: boolean;
  readonly error: unknown;
  onReset(): void;
}) {
  const { t } = useTranslation('profiles');
  const common = useTranslation().t;
  if (!isChanged) return null;
  return (
    <div className="border-line border-t pt-3">
      <div className="flex flex-wrap items-center justify-end gap-2">
        <span className="mr-auto text-ink-3 text-xs">{t('unsaved')}</span>
        <Button onClick={onReset}>{t('reset')}</Button>
        <Button type="submit" tone="primary" busy={busy}>
          {common('save')}
        </Button>
      </div>
      <ErrorNote error={error} />
    </div>
  );
}
