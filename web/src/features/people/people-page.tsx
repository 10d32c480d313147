import { useInfiniteQuery } from '@tanstack/react-query';
import { MoreHorizontal, Plus, UserRound } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { User } from '#contract/users.ts';
import { gapura, queryClient } from '../../api.ts';
import { hasRole, useMay, useSession } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { useNew } from '../../shell/use-new.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { LoadMore } from '../../ui/load-more.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../ui/states.tsx';
import { Table, Td, Th, Tr } from '../../ui/table.tsx';
import { TimeAgo } from '../../ui/time-ago.tsx';
import { toast } from '../../ui/toast.tsx';
import { PersonDialog } from './person-dialog.tsx';

export function PeoplePage() {
  const { t } = useTranslation('people');
  const mayWrite = useMay('admin');
  const [edited, setEdited] = useState<User>();
  const [isCreating, setCreating] = useNew();
  const [removed, setRemoved] = useState<User>();
  const people = useInfiniteQuery({
    queryKey: ['users'],
    queryFn: ({ pageParam, signal }) =>
      gapura.users.list({ limit: 100, ...(pageParam !== null && { cursor: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    enabled: mayWrite,
  });
  const users = people.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        mayWrite && (
          <Button
            tone="primary"
            icon={<Plus className="size-4" aria-hidden="true" />}
            onClick={() => setCreating(true)}
          >
            {t('add')}
          </Button>
        )
      }
    >
      <Card flush>
        {!mayWrite ? (
          <EmptyState icon={<UserRound />} title={t('notAllowed')} />
        ) : people.data !== undefined ? (
          <PeopleTable users={users} onEdit={setEdited} onRemove={setRemoved} />
        ) : people.isError ? (
          <ErrorState error={people.error} onRetry={() => void people.refetch()} />
        ) : (
          <LoadingRows />
        )}
        <LoadMore of={people} />
      </Card>
      {(edited !== undefined || (isCreating && mayWrite)) && (
        <PersonDialog
          key={edited?.id ?? 'new'}
          user={edited}
          onClose={() => {
            setEdited(undefined);
            setCreating(false);
          }}
        />
      )}
      <Confirm
        open={removed !== undefined}
        onOpenChange={() => setRemoved(undefined)}
        title={t('remove.title', { email: removed?.email ?? '' })}
        action={t('remove.action')}
        danger
        onConfirm={async () => {
          if (removed === undefined) return;
          await gapura.users.delete(removed.id);
          toast(t('remove.done', { email: removed.email }));
          await queryClient.invalidateQueries({ queryKey: ['users'] });
        }}
      >
        {t('remove.text')}
      </Confirm>
    </Page>
  );
}

function PeopleTable({
  users,
  onEdit,
  onRemove,
}: {
  readonly users: readonly User[];
  onEdit(user: User): void;
  onRemove(user: User): void;
}) {
  const { t } = useTranslation('people');
  const common = useTranslation().t;
  const { user: self, role } = useSession();
  return (
    <Table label={t('title')}>
      <thead>
        <tr>
          <Th>{t('name')}</Th>
          <Th>{t('role')}</Th>
          <Th className="max-sm:hidden">{t('language')}</Th>
          <Th className="max-sm:hidden">{t('lastSignIn')}</Th>
          <Th className="w-12">
            <span className="sr-only">{t('actions')}</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <Tr key={user.id}>
            <Td className="max-w-48 py-1.5 sm:max-w-72">
              <div className="flex items-center gap-2">
                <span className="min-w-0 truncate font-medium">{user.name === '' ? user.email : user.name}</span>
                {user.id === self?.id && <Badge>{t('you')}</Badge>}
              </div>
              {user.name !== '' && <div className="truncate text-ink-3 text-xs">{user.email}</div>}
            </Td>
            <Td>
              <Badge tone={user.role === 'owner' ? 'accent' : 'neutral'}>{common(`roles.${user.role}`)}</Badge>
            </Td>
            <Td className="whitespace-nowrap text-ink-2 max-sm:hidden">
              {user.language === 'id' ? 'Bahasa Indonesia' : 'English'}
            </Td>
            <Td className="text-ink-2 max-sm:hidden">
              <TimeAgo at={user.lastSignInAt} />
            </Td>
            <Td className="px-2 text-right">
              {hasRole(role, user.role) && (
                <Menu
                  trigger={
                    <Button
                      tone="quiet"
                      size="sm"
                      aria-label={t('actionsOf', { email: user.email })}
                      icon={<MoreHorizontal className="size-4" />}
                    />
                  }
                >
                  <MenuItem onSelect={() => onEdit(user)}>{t('edit')}</MenuItem>
                  <MenuItem danger disabled={user.id === self?.id} onSelect={() => onRemove(user)}>
                    {t('remove.item')}
                  </MenuItem>
                </Menu>
              )}
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}
