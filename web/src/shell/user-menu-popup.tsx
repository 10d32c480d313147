import { BookOpen, LogOut } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { currentLanguage, setLanguage } from '../i18n/i18n.ts';
import { rememberLanguage } from '../session/session.ts';
import { useSignOut } from '../session/use-sign-out.ts';
import { setTheme, themes, useTheme } from '../theme.ts';
import { Menu, MenuChoice, MenuItem, MenuSeparator } from '../ui/menu.tsx';
import { UserMenuButton } from './user-menu-button.tsx';

/** The menu itself, loaded when its button is pressed for the first time; it opens at once then. */
export function UserMenuPopup() {
  const { t } = useTranslation();
  const theme = useTheme();
  const signOut = useSignOut();
  return (
    <Menu side="top" align="start" defaultOpen trigger={<UserMenuButton />}>
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
        onChange={(language) => {
          void setLanguage(language);
          void rememberLanguage(language).catch(() => undefined);
        }}
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
