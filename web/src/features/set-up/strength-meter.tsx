import { useTranslation } from 'react-i18next';
import { cx } from '../../ui/cx.ts';
import { minimumScore, type Strength } from './password-strength.ts';

const colours = ['bg-danger', 'bg-danger', 'bg-warn-dot', 'bg-ok-dot', 'bg-ok-dot'];
const words = ['strength.0', 'strength.1', 'strength.2', 'strength.3', 'strength.4'] as const;

/** Four bars and a word. Good enough for the server from the third bar on. */
export function StrengthMeter({ strength }: { readonly strength: Strength }) {
  const { t } = useTranslation('setUp');
  const { score, isLongEnough } = strength;
  // Too short is weak whatever it is made of.
  const shown = score === null ? null : isLongEnough ? score : Math.min(score, minimumScore - 2);
  const word = words[shown ?? 0] ?? words[0];
  return (
    <div>
      <div className="flex gap-1" aria-hidden="true">
        {[1, 2, 3, 4].map((bar) => (
          <span
            key={bar}
            className={cx(
              'h-1 flex-1 rounded-full transition-colors',
              shown !== null && bar <= Math.max(1, shown) ? colours[shown] : 'bg-line',
            )}
          />
        ))}
      </div>
      <p className="mt-1 text-ink-3 text-xs" aria-live="polite">
        {shown === null ? t('passwordHint') : isLongEnough ? t(word) : t('tooShort')}
      </p>
    </div>
  );
}
