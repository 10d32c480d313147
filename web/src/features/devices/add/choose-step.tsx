import { Cpu, Layers } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../../session/session.ts';
import { Card } from '../../../ui/card.tsx';
import { Choice } from '../../../ui/choice.tsx';
import type { Arrival } from './arrival.ts';
import { FleetForm } from './fleet-form.tsx';
import { OneDeviceForm } from './one-device-form.tsx';

export function ChooseStep({ onDone }: { onDone(arrival: Arrival): void }) {
  const { t } = useTranslation('addDevice');
  const [kind, setKind] = useState<'one' | 'fleet'>('one');
  // Who sets up provisioning sees its secret.
  const mayProvision = useMay('admin');
  return (
    <div className="flex max-w-2xl flex-col gap-4">
      <fieldset className="grid gap-3 sm:grid-cols-2">
        <legend className="sr-only">{t('what')}</legend>
        <Choice
          name="kind"
          icon={<Cpu />}
          title={t('one.title')}
          text={t('one.text')}
          checked={kind === 'one'}
          onChoose={() => setKind('one')}
        />
        <Choice
          name="kind"
          icon={<Layers />}
          title={t('fleet.title')}
          text={mayProvision ? t('fleet.text') : t('fleet.needsAdmin')}
          checked={kind === 'fleet'}
          disabled={!mayProvision}
          onChoose={() => setKind('fleet')}
        />
      </fieldset>
      <Card title={kind === 'one' ? t('one.title') : t('fleet.title')}>
        {kind === 'one' ? <OneDeviceForm onDone={onDone} /> : <FleetForm onDone={onDone} />}
      </Card>
    </div>
  );
}
