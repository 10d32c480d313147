import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import type { WidgetDraft } from './new-widget.ts';

/** A picture is made this small at most, pixels; and this long as text, so that a dashboard holds it. */
const mostPixels = 1600;
const mostChars = 600_000;

/** A picture of a plan under the devices of a map, instead of tiles. */
export function PlanField({
  plan,
  onChange,
}: {
  readonly plan: WidgetDraft['plan'];
  onChange(plan: WidgetDraft['plan']): void;
}) {
  const { t } = useTranslation('dashboards');
  const input = useRef<HTMLInputElement>(null);
  const [isRefused, setRefused] = useState(false);
  const take = async (file: File): Promise<void> => {
    const made = await toPlan(file).catch(() => undefined);
    setRefused(made === undefined);
    if (made !== undefined) onChange(made);
  };
  return (
    <div>
      <div className="mb-1 font-medium text-ink text-xs">{t('plan.label')}</div>
      <div className="flex flex-wrap items-center gap-2">
        {plan !== undefined && (
          <img src={plan.image} alt={t('plan.label')} className="h-16 rounded border border-line" />
        )}
        <Button onClick={() => input.current?.click()}>
          {plan === undefined ? t('plan.choose') : t('plan.other')}
        </Button>
        {plan !== undefined && <Button onClick={() => onChange(undefined)}>{t('plan.remove')}</Button>}
      </div>
      <p className="mt-1 text-ink-3 text-xs">{t('plan.hint')}</p>
      {isRefused && (
        <p role="alert" className="mt-1 text-danger text-xs">
          {t('plan.refused')}
        </p>
      )}
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg,image/webp"
        aria-label={t('plan.choose')}
        className="hidden"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = '';
          if (file !== undefined) void take(file);
        }}
      />
    </div>
  );
}

/** Drawn anew: only its pixels are kept, nothing else that a file may hold. */
async function toPlan(file: File): Promise<WidgetDraft['plan']> {
  const bitmap = await createImageBitmap(file);
  for (let side = mostPixels; side >= 200; side /= 1.5) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const image = canvas.toDataURL('image/webp', 0.85);
    if (image.length <= mostChars) return { image, width: canvas.width, height: canvas.height };
  }
  return undefined;
}
