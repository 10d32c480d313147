import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogActions } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { Segments } from '../ui/segments.tsx';
import { boundsOf, type MovingRange, type TimeRange } from './time-range.ts';

const kinds: readonly MovingRange[] = ['live', '1h', '24h', '7d', '30d'];

/** Live, the last hour to the last month, or from … to. */
export function RangePicker({ value, onChange }: { readonly value: TimeRange; onChange(range: TimeRange): void }) {
  const { t } = useTranslation();
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Segments
        label={t('range.title')}
        value={value.kind}
        options={[...kinds.map((kind) => [kind, t(`range.${kind}`)] as const), ['custom', t('range.custom')] as const]}
        onChange={(kind) => {
          if (kind === 'custom') setAsking(true);
          else onChange({ kind });
        }}
      />
      {isAsking && <CustomRange value={value} onChange={onChange} onClose={() => setAsking(false)} />}
    </>
  );
}

function CustomRange({
  value,
  onChange,
  onClose,
}: {
  readonly value: TimeRange;
  onChange(range: TimeRange): void;
  onClose(): void;
}) {
  const { t } = useTranslation();
  const bounds = boundsOf(value, Date.now());
  const [from, setFrom] = useState(toLocal(bounds.fromMs));
  const [to, setTo] = useState(toLocal(bounds.toMs));
  const fromMs = Date.parse(from);
  const toMs = Date.parse(to);
  const isValid = fromMs < toMs;
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={t('range.customTitle')}
      description={t('range.customText')}
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          onChange({ kind: 'custom', fromMs, toMs });
          onClose();
        }}
      >
        <TextField
          label={t('range.from')}
          type="datetime-local"
          required
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
        <TextField
          label={t('range.to')}
          type="datetime-local"
          required
          value={to}
          onChange={(event) => setTo(event.target.value)}
          {...(!isValid && { error: t('range.wrongOrder') })}
        />
        <DialogActions>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" tone="primary" disabled={!isValid}>
            {t('range.apply')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** As the control wants it: the browser's own time zone, to the minute. */
function toLocal(ms: number): string {
  const date = new Date(ms);
  return new Date(ms - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
