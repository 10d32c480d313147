import { ChevronsUpDown } from 'lucide-react';
import type { ComponentProps } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../session/session.ts';

/** Who is signed in, at the foot of the sidebar. */
export function UserMenuButton(props: ComponentProps<'button'>) {
  const { t } = useTranslation();
  const { user, apiKey, role } = useSession();
  const name = user === null ? (apiKey?.name ?? '') : user.name === '' ? user.email : user.name;
  return (
    <button
      type="button"
      aria-haspopup="menu"
      {...props}
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
  );
}
