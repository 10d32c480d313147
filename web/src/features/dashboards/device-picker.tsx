import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { gapura } from '../../api.ts';
import { TextField } from '../../ui/field.tsx';

const offered = 20;

/** A device by its name, with what the server finds for the letters so far. */
export function DevicePicker({
  label,
  value,
  profileId,
  onChange,
  className,
}: {
  readonly label: string;
  readonly value: string | undefined;
  /** Only those of this profile. */
  readonly profileId?: string | undefined;
  onChange(deviceId: string | undefined): void;
  readonly className?: string;
}) {
  const { t } = useTranslation('dashboards');
  const id = useId();
  const [text, setText] = useState<string>();
  const search = useDeferredValue(text ?? '');
  const current = useQuery({
    queryKey: ['devices', 'of-widget', { type: 'device', deviceId: value }],
    queryFn: async ({ signal }) => ({ items: [await gapura.devices.get(value ?? '', signal)], isCut: false }),
    enabled: value !== undefined,
    staleTime: 30_000,
  });
  const found = useQuery({
    queryKey: ['devices', 'picker', search, profileId],
    queryFn: ({ signal }) =>
      gapura.devices.list(
        { limit: offered, ...(search !== '' && { search }), ...(profileId !== undefined && { profileId }) },
        signal,
      ),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
  const name = current.data?.items[0]?.name;
  // Chosen elsewhere: what was typed here is no longer meant.
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each change of the value
  useEffect(() => setText(undefined), [value]);
  const items = found.data?.items ?? [];
  // Who writes quickly has written the whole name before the server has found it.
  const meant = text === undefined || text === name ? undefined : items.find((each) => each.name === text)?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each device that is meant
  useEffect(() => {
    if (meant !== undefined) onChange(meant);
  }, [meant]);
  return (
    <>
      <TextField
        {...(className !== undefined && { className })}
        label={label}
        list={`${id}-list`}
        placeholder={t('source.typeName')}
        autoComplete="off"
        spellCheck={false}
        value={text ?? (value === undefined ? '' : (name ?? ''))}
        onChange={(event) => {
          setText(event.target.value);
          if (event.target.value === '') onChange(undefined);
        }}
        onBlur={() => setText(undefined)}
      />
      <datalist id={`${id}-list`}>
        {items.map((device) => (
          <option key={device.id} value={device.name} />
        ))}
      </datalist>
    </>
  );
}
