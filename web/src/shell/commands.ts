/** What the command palette offers for some letters: pages from the navigation, actions, and devices from the server. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Cpu, Languages, LogOut, type LucideIcon, Plus, SunMoon } from 'lucide-react';
import { useDeferredValue } from 'react';
import { useTranslation } from 'react-i18next';
import { gapura } from '../api.ts';
import { currentLanguage, setLanguage } from '../i18n/i18n.ts';
import { hasRole, rememberLanguage, useSession } from '../session/session.ts';
import { useSignOut } from '../session/use-sign-out.ts';
import { setTheme, useShownTheme } from '../theme.ts';
import { navigation } from './navigation.ts';

export interface Command {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly note?: string;
  readonly icon: LucideIcon;
  run(): void;
}

export function useCommands(search: string): { commands: readonly Command[]; isSearching: boolean } {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const theme = useShownTheme();
  const { role } = useSession();
  const words = search.trim();
  const wanted = useDeferredValue(words);

  const devices = useQuery({
    queryKey: ['devices', 'palette', wanted],
    queryFn: ({ signal }) => gapura.devices.list({ search: wanted, limit: 8 }, signal),
    enabled: wanted !== '',
    placeholderData: keepPreviousData,
  });

  const pages: Command[] = navigation
    .filter((item) => hasRole(role, item.needs))
    .map(({ id, to, icon }) => ({
      id: `page:${id}`,
      group: t('palette.pages'),
      title: t(`navigation.${id}`),
      icon,
      run: () => void navigate({ to }),
    }));
  const otherTheme = theme === 'dark' ? 'light' : 'dark';
  const otherLanguage = currentLanguage() === 'en' ? 'id' : 'en';
  const additions = [
    { id: 'add', needs: 'operator', run: () => void navigate({ to: '/devices/add' }) },
    { id: 'dashboard', needs: 'operator', run: () => void navigate({ to: '/dashboards', search: { new: true } }) },
    { id: 'profile', needs: 'admin', run: () => void navigate({ to: '/profiles', search: { new: true } }) },
    { id: 'person', needs: 'admin', run: () => void navigate({ to: '/people', search: { new: true } }) },
    { id: 'apiKey', needs: 'admin', run: () => void navigate({ to: '/api-keys', search: { new: true } }) },
  ] as const;
  const actions: Command[] = [
    ...additions
      .filter(({ needs }) => hasRole(role, needs))
      .map(({ id, run }) => ({ id, title: t(`palette.new.${id}`), icon: Plus, run })),
    { id: 'theme', title: t(`palette.theme.${otherTheme}`), icon: SunMoon, run: () => setTheme(otherTheme) },
    {
      id: 'language',
      title: otherLanguage === 'id' ? 'Bahasa Indonesia' : 'English',
      icon: Languages,
      run: () => {
        void setLanguage(otherLanguage);
        void rememberLanguage(otherLanguage).catch(() => undefined);
      },
    },
    { id: 'sign-out', title: t('signOut'), icon: LogOut, run: () => void signOut() },
  ].map((action) => ({ ...action, group: t('palette.actions') }));

  const found: Command[] =
    words === ''
      ? []
      : (devices.data?.items ?? []).map(({ id, name, label }) => ({
          id: `device:${id}`,
          group: t('palette.devices'),
          title: name,
          ...(label !== '' && { note: label }),
          icon: Cpu,
          run: () => void navigate({ to: '/devices/$deviceId', params: { deviceId: id } }),
        }));
  const matching = [...pages, ...actions].filter(({ title }) => matches(title, words));
  return { commands: [...matching, ...found], isSearching: devices.isFetching || wanted !== words };
}

/** Whether every word begins a word of the title, or stands within it. */
export function matches(title: string, search: string): boolean {
  const text = title.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
