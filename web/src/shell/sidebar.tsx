import { Link } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { hasRole, useSession } from '../session/session.ts';
import { Kbd } from '../ui/kbd.tsx';
import { navigation } from './navigation.ts';
import { UserMenu } from './user-menu.tsx';

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);
const groups = ['fleet', 'organisation'] as const;

export function Sidebar({ onSearch }: { onSearch(): void }) {
  const { t } = useTranslation();
  const { tenant, role } = useSession();
  return (
    <div className="flex h-full flex-col">
      <div className="flex h-12 items-center gap-2 px-4">
        <img src="/gapura.svg" alt="" className="size-5" />
        <span className="min-w-0 truncate font-semibold text-ink text-sm" title={tenant.name}>
          {tenant.name}
        </span>
      </div>
      <div className="px-3 pb-2">
        <button
          type="button"
          onClick={onSearch}
          className="flex h-8 w-full items-center gap-2 rounded-md border border-line bg-surface px-2 text-ink-3 text-sm hover:border-line-strong"
        >
          <Search className="size-3.5" aria-hidden="true" />
          <span className="flex-1 text-left">{t('search')}</span>
          <span className="flex gap-0.5">
            <Kbd>{isMac ? '⌘' : 'Ctrl'}</Kbd>
            <Kbd>K</Kbd>
          </span>
        </button>
      </div>
      <nav aria-label={t('menu')} className="min-h-0 flex-1 overflow-y-auto px-3 py-1">
        {groups.map((group) => {
          const items = navigation.filter((item) => item.group === group && hasRole(role, item.needs));
          if (items.length === 0) return null;
          return (
            <div key={group} className="mb-4">
              <h2 className="px-2 pb-1 font-medium text-ink-3 text-xs">{t(`navigation.groups.${group}`)}</h2>
              <ul className="flex flex-col gap-px">
                {items.map(({ id, to, icon: Icon }) => (
                  <li key={id}>
                    <Link
                      to={to}
                      activeOptions={{ exact: to === '/', includeSearch: false }}
                      className="flex h-8 items-center gap-2.5 rounded-md px-2 text-ink-2 text-sm hover:bg-hover hover:text-ink"
                      activeProps={{ className: 'bg-hover text-ink! font-medium' }}
                    >
                      <Icon className="size-4 shrink-0" aria-hidden="true" />
                      {t(`navigation.${id}`)}
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          );
        })}
      </nav>
      <div className="border-line border-t p-2">
        <UserMenu />
      </div>
    </div>
  );
}
