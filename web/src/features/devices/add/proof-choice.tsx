import { useTranslation } from 'react-i18next';
import { Choice } from '../../../ui/choice.tsx';
import { type Proof, proofs } from './arrival.ts';

/** How devices prove who they are, each with its risk. */
export function ProofChoice({
  value,
  allowed = proofs,
  onChange,
}: {
  readonly value: Proof;
  /** What the profile takes. */
  readonly allowed?: readonly Proof[];
  onChange(proof: Proof): void;
}) {
  const { t } = useTranslation('addDevice');
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium text-ink text-xs">{t('proof.label')}</legend>
      {allowed.map((each) => (
        <Choice
          key={each}
          name="proof"
          title={t(`proof.${each}.title`)}
          text={t(`proof.${each}.text`)}
          risk={t(`proof.${each}.risk`)}
          checked={value === each}
          onChoose={() => onChange(each)}
        />
      ))}
    </fieldset>
  );
}

/** What a profile takes, weakest first. */
export function allowedProofs(minAuth: string | undefined): readonly Proof[] {
  return minAuth === undefined || minAuth === 'token' ? proofs : ['JWT'];
}
