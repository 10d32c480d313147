import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { currentLanguage, setLanguage } from '../i18n/i18n.ts';
import { Segments } from '../ui/segments.tsx';

/** The frame of the pages before the gate: set-up and sign-in. */
export function GatePage({
  title,
  lead,
  children,
}: {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly children: ReactNode;
}) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · Gapura`;
  }, [title]);
  return (
    <main className="flex min-h-dvh flex-col items-center px-4 py-10 sm:pt-[14dvh]">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex items-center gap-2.5">
          <img src="/gapura.svg" alt="" className="size-8" />
          <span className="flex-1 font-semibold text-base text-ink tracking-tight">Gapura</span>
          <Segments
            label={t('language')}
            value={currentLanguage()}
            options={[
              [
                'en',
                <span key="en" lang="en" title="English">
                  EN
                </span>,
              ],
              [
                'id',
                <span key="id" lang="id" title="Bahasa Indonesia">
                  ID
                </span>,
              ],
            ]}
            onChange={(language) => void setLanguage(language)}
          />
        </div>
        <div className="rounded-xl border border-line bg-surface p-6 shadow-pop">
          <h1 className="font-semibold text-ink text-lg tracking-tight">{title}</h1>
          {lead !== undefined && <p className="mt-1 text-ink-2 text-sm">{lead}</p>}
          <div className="mt-5">{children}</div>
        </div>
      </div>
    </main>
  );
}
