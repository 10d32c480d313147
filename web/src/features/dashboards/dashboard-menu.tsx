import { useNavigate } from '@tanstack/react-router';
import { Copy, Download, Ellipsis, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Dashboard } from '#contract/dashboards.ts';
import { gapura, queryClient } from '../../api.ts';
import { useMay } from '../../session/session.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { download } from '../../ui/download.ts';
import { useErrorText } from '../../ui/error-text.ts';
import { Menu, MenuItem, MenuSeparator } from '../../ui/menu.tsx';
import { toast, toastError } from '../../ui/toast.tsx';
import { exportText } from './exchange.ts';
import { NameDialog } from './name-dialog.tsx';

export function DashboardMenu({ dashboard }: { readonly dashboard: Dashboard }) {
  const { t } = useTranslation('dashboards');
  const common = useTranslation().t;
  const textOf = useErrorText();
  const mayWrite = useMay('operator');
  const navigate = useNavigate();
  const [isRenaming, setRenaming] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const { id, name, description, layout } = dashboard;
  const duplicate = async (): Promise<void> => {
    try {
      const made = await gapura.dashboards.create({ name: t('copyOf', { name }), description, layout });
      await queryClient.invalidateQueries({ queryKey: ['dashboards', 'list'] });
      await navigate({ to: '/dashboards/$dashboardId', params: { dashboardId: made.id } });
    } catch (error) {
      toastError(textOf(error));
    }
  };
  return (
    <>
      <Menu trigger={<Button aria-label={t('more', { name })} icon={<Ellipsis className="size-4" />} />}>
        <MenuItem
          icon={<Download className="size-3.5 text-ink-3" />}
          onSelect={() => download(`${name}.json`, exportText(dashboard), 'application/json')}
        >
          {t('export')}
        </MenuItem>
        {mayWrite && (
          <>
            <MenuItem icon={<Pencil className="size-3.5 text-ink-3" />} onSelect={() => setRenaming(true)}>
              {t('rename')}
            </MenuItem>
            <MenuItem icon={<Copy className="size-3.5 text-ink-3" />} onSelect={() => void duplicate()}>
              {t('duplicate')}
            </MenuItem>
            <MenuSeparator />
            <MenuItem danger icon={<Trash2 className="size-3.5" />} onSelect={() => setDeleting(true)}>
              {common('delete')}
            </MenuItem>
          </>
        )}
      </Menu>
      {isRenaming && <NameDialog dashboard={dashboard} onClose={() => setRenaming(false)} />}
      <Confirm
        open={isDeleting}
        onOpenChange={setDeleting}
        title={t('delete.title', { name })}
        action={t('delete.action')}
        danger
        onConfirm={async () => {
          await gapura.dashboards.delete(id);
          toast(t('delete.done', { name }));
          await navigate({ to: '/dashboards' });
          await queryClient.invalidateQueries({ queryKey: ['dashboards'] });
        }}
      >
        {t('delete.text')}
      </Confirm>
    </>
  );
}
