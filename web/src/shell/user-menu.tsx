import { BookOpen, ChevronsUpDown, LogOut } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { currentLanguage, setLanguage } from '../i18n/i18n.ts';
import { useSession } from '../session/session.ts';
import { useSignOut } from '../session/use-sign-out.ts';
import { setTheme, themes, useTheme } from '../theme.ts';
import { Menu, MenuChoice, MenuItem, MenuSeparator } from '../ui/menu.tsx';

export function UserMenu() {
  const { t } = useTranslation();
  const { user, apiKey, role } = useSession();
  const theme = useTheme();
  const signOut = useSignOut();
  const name = user === null ? (apiKey?.name ?? '') : user.name === '' ? user.email : user.name;
  return (
    <Menu
      side="top"
      align="start"
      trigger={
        <button
          type="button"
          className="flex h-10 w-full items-center gap-2.5 rounded-md px-2 text-left hover:bg-hover data-popup-open:bg-hover"
        >
          <span
            aria-hidden="true"
            className="flex size-6 shrink-0 items-center justify-center rounded-full bg-accent-soft font-semibold text-accent text-xs uppercase"
          >
            {name.slice(0, 1)}
          </span>
          <span className="min-w-0 flex-1">
            <span className="block truncate text-ink text-sm leading-4">{name}</span>
            <span className="block truncate text-ink-3 text-xs leading-4">{t(`roles.${role}`)}</span>
          </span>
          <ChevronsUpDown className="size-3.5 shrink-0 text-ink-3" aria-hidden="true" />
        </button>
      }
    >
      <MenuChoice
        label={t('theme.title')}
        value={theme}
        options={themes.map((each) => [each, t(`theme.${each}`)] as const)}
        onChange={setTheme}
      />
      <MenuChoice
        label={t('language')}
        value={currentLanguage()}
        options={[
          ['en', 'English'],
          ['id', 'Bahasa Indonesia'],
        ]}
        onChange={(language) => void setLanguage(language)}
      />
      <MenuSeparator />
      <MenuItem
        icon={<BookOpen className="size-4 text-ink-3" />}
        onSelect={() => window.open('/docs', '_blank', 'noopener')}
      >
        {t('apiReference')}
      </MenuItem>
      <MenuItem icon={<LogOut className="size-4 text-ink-3" />} onSelect={() => void signOut()}>
        {t('signOut')}
      </MenuItem>
    </Menu>
  );
}
