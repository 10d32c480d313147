import { ShieldCheck } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Overview, TrafficSample } from '#contract/overview.ts';
import { useFormat } from '../../i18n/format.ts';
import { Card } from '../../ui/card.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { EmptyState } from '../../ui/states.tsx';

const shownCount = 7;

/** What was refused at the gate since the start, and why. */
export function Rejections({
  rejections,
  samples,
}: {
  readonly rejections: Overview['rejections'];
  readonly samples: readonly TrafficSample[];
}) {
  const { t } = useTranslation('overview');
  const format = useFormat();
  const most = rejections.reasons[0]?.count ?? 1;
  return (
    <Card
      flush
      title={t('rejected')}
      actions={<span className="font-semibold text-ink text-sm tabular-nums">{format.number(rejections.total)}</span>}
    >
      {rejections.total === 0 ? (
        <EmptyState icon={<ShieldCheck />} title={t('noRejections')} />
      ) : (
        <>
          <Sparkline values={samples.map((sample) => sample.rejections)} className="h-10 w-full text-danger" />
          <ul className="px-4 py-2">
            {rejections.reasons.slice(0, shownCount).map(({ where, code, count }) => (
              <li key={`${where} ${code}`} className="py-1.5">
                <div className="flex items-baseline gap-2 text-sm">
                  <code className="min-w-0 flex-1 truncate font-mono text-ink text-xs">{code}</code>
                  <span className="text-ink-3 text-xs">{where}</span>
                  <span className="w-14 text-right tabular-nums">{format.compact(count)}</span>
                </div>
                <div className="mt-1 h-1 rounded-full bg-hover" aria-hidden="true">
                  <div
                    className="h-1 rounded-full bg-danger opacity-60"
                    style={{ width: `${Math.max(2, (count / most) * 100)}%` }}
                  />
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}
