import { useQuery } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { WidgetSource } from '#contract/dashboards.ts';
import { gapura } from '../../api.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { controlClass } from '../../ui/field.tsx';
import { resolveSource, useDashboard } from '../../widgets/context.ts';

/** As many devices as are asked for their keys. */
const askedDevices = 20;

/** Keys that the devices of a source have sent. */
export function useKnownKeys(source: WidgetSource | undefined): readonly string[] {
  const { variables } = useDashboard();
  const meant = source === undefined ? undefined : resolveSource(source, variables);
  const found = useQuery({
    queryKey: ['dashboards', 'keys', meant],
    queryFn: async ({ signal }) => {
      if (meant === undefined) return [];
      const ids =
        meant.type === 'device'
          ? [meant.deviceId]
          : (await gapura.devices.list({ profileId: meant.profileId, limit: askedDevices }, signal)).items.map(
              ({ id }) => id,
            );
      if (ids.length === 0) return [];
      const latest = await gapura.telemetry.latestOf(ids, undefined, signal);
      return [...new Set(Object.values(latest).flatMap((points) => Object.keys(points)))].sort((a, b) =>
        a.localeCompare(b),
      );
    },
    enabled: meant !== undefined,
    staleTime: 30_000,
  });
  return found.data ?? [];
}

/** One key or several; those that are known are offered, others can be written. */
export function KeysField({
  keys,
  known,
  most,
  onChange,
}: {
  readonly keys: readonly string[];
  readonly known: readonly string[];
  readonly most: number;
  onChange(keys: readonly string[]): void;
}) {
  const { t } = useTranslation('dashboards');
  const id = useId();
  const [text, setText] = useState('');
  const add = (key: string): void => {
    const clean = key.trim();
    setText('');
    if (clean === '' || keys.includes(clean)) return;
    onChange(most === 1 ? [clean] : [...keys, clean].slice(-most));
  };
  const offered = known.filter((key) => !keys.includes(key)).slice(0, 24);
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 font-medium text-ink text-xs">
        {most === 1 ? t('keys.one') : t('keys.many', { most })}
      </legend>
      {keys.length > 0 && (
        <ul className="mb-2 flex flex-wrap gap-1">
          {keys.map((key) => (
            <li
              key={key}
              className="inline-flex h-7 max-w-full items-center rounded-md bg-accent-soft pl-2 text-accent text-xs"
            >
              <span className="truncate font-mono">{key}</span>
              <button
                type="button"
                aria-label={t('keys.remove', { key })}
                className="flex size-7 items-center justify-center rounded-md hover:bg-hover"
                onClick={() => onChange(keys.filter((each) => each !== key))}
              >
                <X className="size-3.5" aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="flex gap-2">
        <label htmlFor={id} className="sr-only">
          {t('keys.write')}
        </label>
        <input
          id={id}
          value={text}
          maxLength={255}
          placeholder={t('keys.write')}
          spellCheck={false}
          autoComplete="off"
          className={cx(controlClass, 'h-8 font-mono text-xs')}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            add(text);
          }}
          onBlur={() => add(text)}
        />
        <Button aria-label={t('keys.add')} icon={<Plus className="size-4" />} onClick={() => add(text)} />
      </div>
      {offered.length > 0 && (
        <div className="mt-2 flex flex-wrap gap-1">
          {offered.map((key) => (
            <button
              key={key}
              type="button"
              className="h-6 max-w-full truncate rounded border border-line px-1.5 font-mono text-ink-2 text-xs hover:bg-hover"
              onClick={() => add(key)}
            >
              {key}
            </button>
          ))}
        </div>
      )}
    </fieldset>
  );
}
