import { useTranslation } from 'react-i18next';
import type { ProvisionStrategy, ReprovisionPolicy } from '#contract/profiles.ts';
import { Badge } from '../../ui/badge.tsx';
import { RadioCards } from '../../ui/radio-cards.tsx';
import { reprovisionPolicies, strategies } from './profile-queries.ts';

interface ChoiceProps<T> {
  readonly value: T;
  onChange(value: T): void;
  readonly disabled?: boolean;
}

/** How devices of a profile come in, each way in a sentence with its risk. */
export function StrategyChoice({ value, onChange, disabled }: ChoiceProps<ProvisionStrategy>) {
  const { t } = useTranslation('profiles');
  return (
    <RadioCards
      label={t('strategy.label')}
      value={value}
      onChange={onChange}
      disabled={disabled === true}
      options={strategies.map((strategy) => ({
        value: strategy,
        title: t(`strategy.${strategy}.title`),
        text: t(`strategy.${strategy}.text`),
        risk: t(`strategy.${strategy}.risk`),
      }))}
    />
  );
}

/** What a device gets that asks a second time. */
export function ReprovisionChoice({ value, onChange, disabled }: ChoiceProps<ReprovisionPolicy>) {
  const { t } = useTranslation('profiles');
  return (
    <RadioCards
      label={t('reprovision.label')}
      value={value}
      onChange={onChange}
      disabled={disabled === true}
      options={reprovisionPolicies.map((policy) => ({
        value: policy,
        title: t(`reprovision.${policy}.title`),
        text: t(`reprovision.${policy}.text`),
        risk: t(`reprovision.${policy}.risk`),
      }))}
    />
  );
}

const tones = { DISABLED: 'neutral', CHECK_PRE_PROVISIONED_DEVICES: 'ok', ALLOW_CREATE_NEW_DEVICES: 'warn' } as const;

export function StrategyBadge({ strategy }: { readonly strategy: ProvisionStrategy }) {
  const { t } = useTranslation('profiles');
  return <Badge tone={tones[strategy]}>{t(`strategy.${strategy}.short`)}</Badge>;
}
