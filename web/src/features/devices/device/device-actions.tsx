import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Ban, CircleCheck, Ellipsis, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '#contract/devices.ts';
import { gapura } from '../../../api.ts';
import { Button } from '../../../ui/button.tsx';
import { Confirm } from '../../../ui/confirm.tsx';
import { useErrorText } from '../../../ui/error-text.ts';
import { Menu, MenuItem, MenuSeparator } from '../../../ui/menu.tsx';
import { toast, toastError } from '../../../ui/toast.tsx';
import { EditDeviceDialog } from './edit-device-dialog.tsx';

export function DeviceActions({ device }: { readonly device: Device }) {
  const { t } = useTranslation('devices');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const textOf = useErrorText();
  const [asking, setAsking] = useState<'edit' | 'delete' | undefined>();
  const enable = useMutation({
    mutationFn: (enabled: boolean) => gapura.devices.update(device.id, { enabled }),
    onSuccess: async ({ enabled }) => {
      await queries.invalidateQueries({ queryKey: ['devices'] });
      toast(enabled ? t('wasEnabled') : t('wasDisabled'));
    },
    onError: (error) => toastError(textOf(error)),
  });
  const remove = async (): Promise<void> => {
    await gapura.devices.delete(device.id);
    await navigate({ to: '/devices' });
    queries.removeQueries({ queryKey: ['devices', 'one', device.id] });
    await queries.invalidateQueries({ queryKey: ['devices'] });
    toast(t('wasDeleted', { name: device.name }));
  };
  return (
    <>
      <Button icon={<Pencil className="size-3.5" />} onClick={() => setAsking('edit')}>
        {t('edit')}
      </Button>
      <Menu trigger={<Button aria-label={t('moreActions')} icon={<Ellipsis className="size-4" />} />}>
        {device.enabled ? (
          <MenuItem icon={<Ban className="size-4 text-ink-3" />} onSelect={() => enable.mutate(false)}>
            {t('disable')}
          </MenuItem>
        ) : (
          <MenuItem icon={<CircleCheck className="size-4 text-ink-3" />} onSelect={() => enable.mutate(true)}>
            {t('enable')}
          </MenuItem>
        )}
        <MenuSeparator />
        <MenuItem danger icon={<Trash2 className="size-4" />} onSelect={() => setAsking('delete')}>
          {t('delete')}
        </MenuItem>
      </Menu>
      {asking === 'edit' && <EditDeviceDialog device={device} onClose={() => setAsking(undefined)} />}
      <Confirm
        open={asking === 'delete'}
        onOpenChange={(isOpen) => !isOpen && setAsking(undefined)}
        danger
        title={t('deleteTitle', { name: device.name })}
        action={t('delete')}
        onConfirm={remove}
      >
        {t('deleteText')}
      </Confirm>
    </>
  );
}
