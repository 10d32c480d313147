import { useQueryClient } from '@tanstack/react-query';
import { Ban, CircleCheck, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { gapura } from '../../../api.ts';
import { useFormat } from '../../../i18n/format.ts';
import { Button } from '../../../ui/button.tsx';
import { Confirm } from '../../../ui/confirm.tsx';
import { useErrorText } from '../../../ui/error-text.ts';
import { toast, toastError } from '../../../ui/toast.tsx';

/** Requests at once: enough to be quick, few enough to leave the server to the devices. */
const parallel = 6;

/** What can be done with all chosen devices. Says how many it was done to when some refuse. */
export function BulkActions({ ids, onDone }: { readonly ids: readonly string[]; onDone(): void }) {
  const { t } = useTranslation('devices');
  const format = useFormat();
  const textOf = useErrorText();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);

  const run = async (action: (id: string) => Promise<unknown>): Promise<void> => {
    setBusy(true);
    const { done, errors } = await forEach(ids, action);
    setBusy(false);
    await queries.invalidateQueries({ queryKey: ['devices'] });
    if (errors.length === 0) toast(t('bulk.done', { count: done }));
    else
      toastError(
        t('bulk.partly', { done: format.number(done), failed: format.number(errors.length) }),
        textOf(errors[0]),
      );
    onDone();
  };

  return (
    <section
      aria-label={t('bulk.title')}
      className="appear fixed inset-x-0 bottom-4 z-30 mx-auto flex w-fit max-w-[calc(100vw-2rem)] flex-wrap items-center gap-2 rounded-xl border border-line bg-surface p-2 pl-4 shadow-pop"
    >
      <span className="mr-2 text-sm tabular-nums">{t('bulk.selected', { count: ids.length })}</span>
      <Button
        size="sm"
        busy={isBusy}
        icon={<CircleCheck className="size-3.5" />}
        onClick={() => void run((id) => gapura.devices.update(id, { enabled: true }))}
      >
        {t('enable')}
      </Button>
      <Button
        size="sm"
        busy={isBusy}
        icon={<Ban className="size-3.5" />}
        onClick={() => void run((id) => gapura.devices.update(id, { enabled: false }))}
      >
        {t('disable')}
      </Button>
      <Button
        size="sm"
        tone="danger"
        busy={isBusy}
        icon={<Trash2 className="size-3.5" />}
        onClick={() => setAsking(true)}
      >
        {t('delete')}
      </Button>
      <Button size="sm" tone="quiet" aria-label={t('bulk.clear')} icon={<X className="size-3.5" />} onClick={onDone} />
      <Confirm
        open={isAsking}
        onOpenChange={setAsking}
        danger
        title={t('bulk.deleteTitle', { count: ids.length })}
        action={t('delete')}
        onConfirm={() => run((id) => gapura.devices.delete(id))}
      >
        {t('deleteText')}
      </Confirm>
    </section>
  );
}

async function forEach(ids: readonly string[], action: (id: string) => Promise<unknown>) {
  const waiting = [...ids];
  const errors: unknown[] = [];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      try {
        await action(id);
        done++;
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return { done, errors };
}
