import { useQuery } from '@tanstack/react-query';
import { ArrowLeft } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Addresses } from '#contract/addresses.ts';
import { gapura } from '../../../api.ts';
import { Button } from '../../../ui/button.tsx';
import { Card } from '../../../ui/card.tsx';
import { CodeBlock, CodeLine } from '../../../ui/code-block.tsx';
import { Segments } from '../../../ui/segments.tsx';
import { ErrorState, LoadingRows, Skeleton } from '../../../ui/states.tsx';
import type { Arrival } from './arrival.ts';
import { FirstMessage } from './first-message.tsx';
import { languages, type SnippetContext, type SnippetLanguage, snippetOf } from './snippets.ts';

const QrCode = lazy(() => import('./qr-code.tsx').then((module) => ({ default: module.QrCode })));

const names: Record<SnippetLanguage, string> = {
  curl: 'curl',
  mosquitto: 'mosquitto',
  python: 'Python',
  arduino: 'ESP32',
  node: 'Node.js',
};

export function ConnectStep({ arrival, onBack }: { readonly arrival: Arrival; onBack(): void }) {
  const { t } = useTranslation('addDevice');
  const usable = languages.filter((each) => isUsable(each, arrival));
  const [language, setLanguage] = useState<SnippetLanguage>(usable[0] ?? 'python');
  const addresses = useQuery({
    queryKey: ['addresses'],
    queryFn: ({ signal }) => gapura.addresses.get(signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (addresses.isPending) return <LoadingRows />;
  if (addresses.data === undefined)
    return <ErrorState error={addresses.error} onRetry={() => void addresses.refetch()} />;
  const context = contextOf(arrival, addresses.data);
  const { way } = context;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <Card title={t('connect.code')}>
        <div className="mb-3 overflow-x-auto">
          <Segments<SnippetLanguage>
            label={t('connect.language')}
            value={language}
            options={usable.map((each) => [each, names[each]] as const)}
            onChange={setLanguage}
          />
        </div>
        <CodeBlock code={snippetOf(language, context)} label={t('connect.copy')} />
        <div className="mt-4 flex flex-wrap items-start gap-4">
          <Suspense fallback={<Skeleton className="size-36" />}>
            <QrCode text={qrText(context)} label={t('connect.qr')} />
          </Suspense>
          <div className="flex min-w-48 flex-1 flex-col gap-3">
            {way.kind === 'token' ? (
              <Labelled name={t('connect.token')} value={way.token} />
            ) : way.kind === 'jwt' ? (
              <>
                <Labelled name={t('connect.kid')} value={way.kid} />
                <Labelled name={t('connect.jwtKey')} value={way.key} />
                <p className="text-warn text-xs">{t('connect.once')}</p>
              </>
            ) : (
              <>
                <Labelled name={t('connect.key')} value={way.key} />
                <Labelled name={t('connect.secret')} value={way.secret} />
              </>
            )}
            <Labelled name="MQTT" value={`${context.host}:${context.mqttPort}`} />
          </div>
        </div>
      </Card>
      <div className="flex flex-col gap-4">
        <FirstMessage arrival={arrival} />
        <div>
          <Button tone="quiet" icon={<ArrowLeft className="size-3.5" />} onClick={onBack}>
            {t('connect.another')}
          </Button>
        </div>
      </div>
    </div>
  );
}

function Labelled({ name, value }: { readonly name: string; readonly value: string }) {
  const { t } = useTranslation('addDevice');
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="font-medium text-ink text-xs">{name}</span>
      <CodeLine value={value} label={`${t('connect.copy')}: ${name}`} />
    </div>
  );
}

/** In a shell no request is signed and no proof is made: profiles that ask for those take neither. */
function isUsable(language: SnippetLanguage, { kind, profile }: Arrival): boolean {
  const isShell = language === 'curl' || language === 'mosquitto';
  const isStrict = profile?.minAuth === 'signed' || (kind === 'fleet' && profile.provisioning.requireProof);
  return !isShell || !isStrict;
}

/** The address under which this page was found is one that devices beside this computer can reach, too. */
function contextOf(arrival: Arrival, addresses: Addresses): SnippetContext {
  const httpUrl = (addresses.publicUrl ?? location.origin).replace(/\/$/, '');
  const shared = { host: new URL(httpUrl).hostname, httpUrl, mqttPort: addresses.mqttPort };
  if (arrival.kind === 'fleet') {
    const { key, secret } = arrival.profile.provisioning;
    const kind = arrival.proof === 'JWT' ? 'jwtProvision' : 'provision';
    return { ...shared, way: { kind, key, secret: secret ?? '' } };
  }
  const { credentials } = arrival.device;
  if (credentials.type === 'JWT') {
    const { kid, key = '', deviceId = arrival.device.id, instance = '' } = credentials;
    return { ...shared, way: { kind: 'jwt', kid, key, deviceId, instance } };
  }
  return { ...shared, way: { kind: 'token', token: credentials.type === 'ACCESS_TOKEN' ? credentials.token : '' } };
}

/** What a phone or a device with a camera needs to come in. */
function qrText({ httpUrl, host, mqttPort, way }: SnippetContext): string {
  const { kind: _kind, ...secrets } = way;
  return JSON.stringify({ url: httpUrl, mqtt: `mqtt://${host}:${mqttPort}`, ...secrets });
}
