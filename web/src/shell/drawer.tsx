import { Dialog } from '@base-ui/react/dialog';
import { useTranslation } from 'react-i18next';
import { Sidebar } from './sidebar.tsx';

/** The sidebar of a phone: over the page, until a page is chosen. */
export function Drawer({ onClose, onSearch }: { onClose(): void; onSearch(): void }) {
  const { t } = useTranslation();
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="appear fixed inset-0 z-40 bg-black/40" />
        <Dialog.Popup
          aria-label={t('menu')}
          className="appear fixed inset-y-0 left-0 z-50 w-64 border-line border-r bg-sunken shadow-pop outline-none"
        >
          <Sidebar onSearch={onSearch} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
