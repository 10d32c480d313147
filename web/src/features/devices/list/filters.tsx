import { Menu as BaseMenu } from '@base-ui/react/menu';
import { useQuery } from '@tanstack/react-query';
import { Check, Columns3, Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import { gapura } from '../../../api.ts';
import type { DevicesSearch } from '../../../routes/devices.tsx';
import { buttonClass } from '../../../ui/button.tsx';
import { cx } from '../../../ui/cx.ts';
import { controlClass } from '../../../ui/field.tsx';
import { Kbd } from '../../../ui/kbd.tsx';
import { popupClass } from '../../../ui/menu.tsx';
import { joinKeys } from '../key-list.ts';
import { profilesQuery } from '../queries.ts';
import { useSettled } from '../use-settled.ts';

type Change = (changes: { [K in keyof DevicesSearch]?: DevicesSearch[K] | undefined }) => void;

export function Filters({
  search,
  keys,
  devices,
  onChange,
  onKeys,
}: {
  readonly search: DevicesSearch;
  readonly keys: readonly string[];
  /** Some of those that are listed: their keys are offered as columns. */
  readonly devices: readonly Device[];
  /** Other devices are listed. */
  readonly onChange: Change;
  /** The same devices with other columns. */
  readonly onKeys: Change;
}) {
  const { t } = useTranslation('devices');
  const profiles = useQuery(profilesQuery);
  return (
    <search className="flex flex-wrap items-center gap-2">
      <SearchBox
        value={search.search ?? ''}
        onChange={(text) => onChange({ search: text === '' ? undefined : text })}
      />
      <select
        aria-label={t('filter.profile')}
        value={search.profile ?? ''}
        onChange={(event) => onChange({ profile: event.target.value === '' ? undefined : event.target.value })}
        className={cx(controlClass, 'h-8 w-auto! max-w-48')}
      >
        <option value="">{t('filter.allProfiles')}</option>
        {profiles.data?.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label={t('filter.state')}
        value={search.state ?? ''}
        onChange={(event) => {
          const state = event.target.value;
          onChange({ state: state === 'active' || state === 'inactive' ? state : undefined });
        }}
        className={cx(controlClass, 'h-8 w-auto!')}
      >
        <option value="">{t('filter.anyState')}</option>
        <option value="active">{t('online')}</option>
        <option value="inactive">{t('offline')}</option>
      </select>
      <KeyColumns keys={keys} devices={devices} onChange={onKeys} />
    </search>
  );
}

function SearchBox({ value, onChange }: { readonly value: string; onChange(text: string): void }) {
  const { t } = useTranslation('devices');
  const [text, setText] = useState(value);
  const settled = useSettled(text, 250);
  const input = useRef<HTMLInputElement>(null);
  const last = useRef(value);

  useEffect(() => {
    if (settled === last.current) return;
    last.current = settled;
    onChange(settled);
  }, [settled, onChange]);
  // Cleared elsewhere, or the back button.
  useEffect(() => {
    if (value === last.current) return;
    last.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey) return;
      const target = event.target;
      if (target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]')) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  return (
    <div className="relative min-w-48 max-w-sm flex-1">
      <Search className="pointer-events-none absolute top-2.25 left-2.5 size-3.5 text-ink-3" aria-hidden="true" />
      <input
        ref={input}
        type="search"
        aria-label={t('filter.search')}
        placeholder={t('filter.search')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        className={cx(controlClass, 'h-8 pr-8 pl-8')}
      />
      {text === '' && (
        <span className="pointer-events-none absolute top-1.75 right-2 hidden sm:block">
          <Kbd>/</Kbd>
        </span>
      )}
    </div>
  );
}

/** Devices whose keys are offered; those of one list are alike. */
const askedDevices = 20;
const columnsLimit = 6;

/** Which telemetry keys have a column. */
function KeyColumns({
  keys,
  devices,
  onChange,
}: {
  readonly keys: readonly string[];
  readonly devices: readonly Device[];
  readonly onChange: Change;
}) {
  const { t } = useTranslation('devices');
  const [isOpen, setOpen] = useState(false);
  const ids = devices.slice(0, askedDevices).map(({ id }) => id);
  const known = useQuery({
    queryKey: ['devices', 'keys', ids],
    queryFn: async ({ signal }) => {
      const latest = await gapura.telemetry.latestOf(ids, undefined, signal);
      return [...new Set(Object.values(latest).flatMap((points) => Object.keys(points)))].sort();
    },
    enabled: isOpen && ids.length > 0,
  });
  const offered = [...new Set([...keys, ...(known.data ?? [])])];
  const toggle = (key: string): void => {
    const next = keys.includes(key) ? keys.filter((each) => each !== key) : [...keys, key];
    onChange({ keys: next.length === 0 ? undefined : joinKeys(next) });
  };
  return (
    <BaseMenu.Root open={isOpen} onOpenChange={setOpen}>
      <BaseMenu.Trigger className={buttonClass('plain')}>
        <Columns3 className="size-3.5" aria-hidden="true" />
        {t('filter.columns')}
        {keys.length > 0 && <span className="text-ink-3 tabular-nums">{keys.length}</span>}
      </BaseMenu.Trigger>
      <BaseMenu.Portal>
        <BaseMenu.Positioner sideOffset={6} align="start" className="z-50">
          <BaseMenu.Popup className={cx(popupClass, 'max-h-80 overflow-y-auto')}>
            {offered.length === 0 && (
              <p className="px-2 py-1.5 text-ink-3 text-xs">
                {known.isFetching ? t('filter.loading') : t('filter.noKeys')}
              </p>
            )}
            {offered.map((key) => (
              <BaseMenu.CheckboxItem
                key={key}
                checked={keys.includes(key)}
                disabled={!keys.includes(key) && keys.length >= columnsLimit}
                onCheckedChange={() => toggle(key)}
                className="flex h-8 cursor-default select-none items-center gap-2 rounded-md px-2 font-mono text-ink text-xs outline-none data-disabled:opacity-50 data-highlighted:bg-hover"
              >
                <span className="flex size-4 items-center justify-center">
                  <BaseMenu.CheckboxItemIndicator>
                    <Check className="size-3.5 text-accent" aria-hidden="true" />
                  </BaseMenu.CheckboxItemIndicator>
                </span>
                <span className="max-w-56 truncate">{key}</span>
              </BaseMenu.CheckboxItem>
            ))}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  );
}
