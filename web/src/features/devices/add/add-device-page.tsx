/** The way in: what comes, code for it, and its first message. */
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Page } from '../../../shell/page.tsx';
import type { Arrival } from './arrival.ts';
import { ChooseStep } from './choose-step.tsx';
import { ConnectStep } from './connect-step.tsx';

export function AddDevicePage() {
  const { t } = useTranslation('addDevice');
  const { t: devices } = useTranslation('devices');
  const [arrival, setArrival] = useState<Arrival | undefined>();
  return (
    <Page
      title={t('title')}
      parent={{ to: '/devices', label: devices('title') }}
      lead={t(arrival === undefined ? 'lead' : 'leadConnect')}
    >
      {arrival === undefined ? (
        <ChooseStep onDone={setArrival} />
      ) : (
        <ConnectStep arrival={arrival} onBack={() => setArrival(undefined)} />
      )}
    </Page>
  );
}
