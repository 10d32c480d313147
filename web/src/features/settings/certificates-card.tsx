import { useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Certificate } from '#contract/certificates.ts';
import { gapura } from '../../api.ts';
import { useFormat } from '../../i18n/format.ts';
import { Badge } from '../../ui/badge.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CodeLine } from '../../ui/code-block.tsx';
import { ErrorState, LoadingRows } from '../../ui/states.tsx';
import { useNow } from '../../ui/time-ago.tsx';

const dayMs = 86_400_000;
/** The server renews its own at 30 days; those that an operator put there, nobody does. */
const soonMs = 30 * dayMs;

/** What clients of MQTTS and HTTPS see, and until when. */
export function CertificatesCard() {
  const { t } = useTranslation('settings');
  const found = useQuery({
    queryKey: ['certificates'],
    queryFn: ({ signal }) => gapura.certificates.list(signal),
  });
  return (
    <Card
      title={t('certificates.title')}
      actions={
        <a href="/ca.pem" download="gapura-ca.pem" className={buttonClass('plain', 'sm')}>
          <Download className="size-3.5" aria-hidden="true" />
          {t('certificates.download')}
        </a>
      }
    >
      <p className="mb-4 text-ink-2 text-sm">{t('certificates.text')}</p>
      {found.data === undefined ? (
        found.isError ? (
          <ErrorState error={found.error} onRetry={() => void found.refetch()} />
        ) : (
          <LoadingRows rows={4} />
        )
      ) : (
        <ul className="flex flex-col gap-4">
          {found.data.map((certificate) => (
            <li key={certificate.fingerprintSha256} className="rounded-md border border-line p-3">
              <CertificateFacts certificate={certificate} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function CertificateFacts({ certificate }: { readonly certificate: Certificate }) {
  const { t } = useTranslation('settings');
  const format = useFormat();
  const now = useNow();
  const leftMs = certificate.validTo - now;
  const days = Math.floor(leftMs / dayMs);
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <h3 className="min-w-0 flex-1 truncate font-medium text-sm">{t(`certificates.roles.${certificate.role}`)}</h3>
        <Badge tone={leftMs <= 0 ? 'danger' : leftMs < soonMs ? 'warn' : 'ok'}>
          {leftMs <= 0
            ? t('certificates.expired')
            : t('certificates.left', { count: days, shown: format.number(days) })}
        </Badge>
      </div>
      <dl className="mt-2 grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 text-xs">
        <dt className="text-ink-3">{t('certificates.subject')}</dt>
        <dd className="min-w-0 break-words">{certificate.subject}</dd>
        {certificate.names.length > 0 && (
          <>
            <dt className="text-ink-3">{t('certificates.names')}</dt>
            <dd className="min-w-0 break-words">{certificate.names.join(', ')}</dd>
          </>
        )}
        <dt className="text-ink-3">{t('certificates.valid')}</dt>
        <dd>
          {format.date(certificate.validFrom)} – {format.date(certificate.validTo)}
        </dd>
      </dl>
      <div className="mt-2">
        <CodeLine value={certificate.fingerprintSha256} label={t('certificates.copy')} />
      </div>
    </>
  );
}
