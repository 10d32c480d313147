/** The way in: what comes, code for it, and its first message. */
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../../session/session.ts';
import { Page } from '../../../shell/page.tsx';
import { EmptyState } from '../../../ui/states.tsx';
import type { Arrival } from './arrival.ts';
import { ChooseStep } from './choose-step.tsx';
import { ConnectStep } from './connect-step.tsx';

export function AddDevicePage() {
  const { t } = useTranslation('addDevice');
  const { t: devices } = useTranslation('devices');
  const mayAdd = useMay('operator');
  const [arrival, setArrival] = useState<Arrival | undefined>();
  return (
    <Page
      title={t('title')}
      parent={{ to: '/devices', label: devices('title') }}
      lead={t(arrival === undefined ? 'lead' : 'leadConnect')}
    >
      {!mayAdd ? (
        <EmptyState title={t('notAllowed.title')}>{t('notAllowed.text')}</EmptyState>
      ) : arrival === undefined ? (
        <ChooseStep onDone={setArrival} />
      ) : (
        <ConnectStep arrival={arrival} onBack={() => setArrival(undefined)} />
      )}
    </Page>
  );
}
