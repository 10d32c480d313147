/** Ctrl/Cmd-K: pages, devices and actions by a few letters. */
import { Dialog } from '@base-ui/react/dialog';
import { Search } from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '../ui/cx.ts';
import { Kbd } from '../ui/kbd.tsx';
import { type Command, useCommands } from './commands.ts';

export function CommandPalette({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  // Its input takes the focus at once, so that no letter is lost; where it was before is remembered here.
  const [opener] = useState(() => document.activeElement);
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="appear fixed inset-0 z-50 bg-black/40" />
        <Dialog.Popup
          aria-label={t('palette.title')}
          finalFocus={() => (opener instanceof HTMLElement && opener.isConnected ? opener : true)}
          className="appear fixed top-[12dvh] left-1/2 z-50 flex max-h-[70dvh] w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 flex-col overflow-hidden rounded-xl border border-line bg-surface shadow-pop outline-none"
        >
          <PaletteContent close={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function PaletteContent({ close }: { close(): void }) {
  const { t } = useTranslation();
  const id = useId();
  const [search, setSearch] = useState('');
  const [index, setIndex] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const { commands, isSearching } = useCommands(search);
  const groups = useMemo(() => {
    const byGroup = new Map<string, Command[]>();
    for (const command of commands) byGroup.set(command.group, [...(byGroup.get(command.group) ?? []), command]);
    return [...byGroup];
  }, [commands]);
  const ordered = useMemo(() => groups.flatMap(([, members]) => members), [groups]);
  const chosen = Math.min(index, ordered.length - 1);

  // biome-ignore lint/correctness/useExhaustiveDependencies: other words, other first
  useEffect(() => setIndex(0), [search]);
  useEffect(() => {
    list.current?.querySelector(`[data-index="${chosen}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);

  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    close();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && ordered.length > 0) {
      event.preventDefault();
      setIndex((chosen + step + ordered.length) % ordered.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(ordered[chosen]);
    }
  };

  return (
    <>
      <div className="flex h-12 items-center gap-3 border-line border-b px-4">
        <Search className="size-4 shrink-0 text-ink-3" aria-hidden="true" />
        <input
          // biome-ignore lint/a11y/noAutofocus: a palette opens to be typed into
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={ordered.length > 0 ? `${id}-${chosen}` : undefined}
          aria-label={t('palette.title')}
          placeholder={t('palette.placeholder')}
          value={search}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={onKeyDown}
          className="h-full flex-1 bg-transparent text-base text-ink outline-none placeholder:text-ink-3"
        />
        <Kbd>Esc</Kbd>
      </div>
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        tabIndex={-1}
        aria-label={t('palette.title')}
        className="min-h-0 overflow-y-auto p-1.5 outline-none"
      >
        {groups.map(([group, members]) => (
          // biome-ignore lint/a11y/useSemanticElements: a group within a listbox
          <div key={group} role="group" aria-label={group}>
            <div className="px-2.5 pt-2 pb-1 font-medium text-ink-3 text-xs" aria-hidden="true">
              {group}
            </div>
            {members.map((command) => {
              const position = ordered.indexOf(command);
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the input, which keeps the focus
                <div
                  key={command.id}
                  id={`${id}-${position}`}
                  data-index={position}
                  role="option"
                  tabIndex={-1}
                  aria-selected={position === chosen}
                  onMouseMove={() => setIndex(position)}
                  onClick={() => run(command)}
                  className={cx(
                    'flex h-9 cursor-default items-center gap-2.5 rounded-md px-2.5 text-ink text-sm',
                    position === chosen && 'bg-hover',
                  )}
                >
                  <command.icon className="size-4 shrink-0 text-ink-3" aria-hidden="true" />
                  <span className="min-w-0 truncate">{command.title}</span>
                  {command.note !== undefined && <span className="truncate text-ink-3 text-xs">{command.note}</span>}
                </div>
              );
            })}
          </div>
        ))}
        {ordered.length === 0 && (
          <p className="px-2.5 py-8 text-center text-ink-3 text-sm">
            {isSearching ? t('palette.searching') : t('palette.nothing')}
          </p>
        )}
      </div>
    </>
  );
}
