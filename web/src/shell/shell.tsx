/** What stands around every page: sidebar (a drawer on a phone), palette, notices. */
import { Outlet, useRouterState } from '@tanstack/react-router';
import { Menu as MenuIcon } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/button.tsx';
import { ConnectionNotice } from './connection-notice.tsx';
import { Sidebar } from './sidebar.tsx';

// What is not seen at first is loaded when it is wanted.
const loadPalette = () => import('./command-palette.tsx');
/** By then the page is there; who presses Ctrl-K afterwards loses no letter to loading. */
const preloadMs = 1500;
const CommandPalette = lazy(() => loadPalette().then((module) => ({ default: module.CommandPalette })));
const Drawer = lazy(() => import('./drawer.tsx').then((module) => ({ default: module.Drawer })));

export function Shell() {
  const { t } = useTranslation();
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const openPalette = (): void => {
    setDrawerOpen(false);
    setPaletteOpen(true);
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: a page that was chosen closes the drawer
  useEffect(() => setDrawerOpen(false), [path]);
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette(), preloadMs);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey) || event.altKey) return;
      event.preventDefault();
      setPaletteOpen((isOpen) => !isOpen);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  return (
    <div className="flex min-h-dvh flex-col md:flex-row">
      <a
        href="#content"
        className="sr-only z-60 rounded-md bg-surface px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t('skipToContent')}
      </a>
      <aside className="sticky top-0 hidden h-dvh w-56 shrink-0 border-line border-r bg-sunken md:block">
        <Sidebar onSearch={openPalette} />
      </aside>
      <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-line border-b bg-surface px-3 md:hidden">
        <Button
          tone="quiet"
          aria-label={t('openMenu')}
          icon={<MenuIcon className="size-4.5" />}
          onClick={() => setDrawerOpen(true)}
        />
        <img src="/gapura.svg" alt="" className="size-5" />
        <span className="font-semibold text-sm">Gapura</span>
      </header>
      {isDrawerOpen && (
        <Suspense>
          <Drawer onClose={() => setDrawerOpen(false)} onSearch={openPalette} />
        </Suspense>
      )}
      <div className="flex min-w-0 flex-1 flex-col">
        <ConnectionNotice />
        <main id="content" tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
          <Outlet />
        </main>
      </div>
      {isPaletteOpen && (
        <Suspense>
          <CommandPalette onClose={() => setPaletteOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}
