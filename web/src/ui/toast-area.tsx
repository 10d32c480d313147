import { Toast as Base } from '@base-ui/react/toast';
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { buttonClass } from './button.tsx';

const manager = Base.createToastManager();
type Add = (notice: Parameters<typeof manager.add>[0]) => void;

/** Where notices appear. Loaded with the first of them. @param onReady told when it can show them */
export function ToastArea({ onReady }: { onReady(add: Add): void }) {
  // After the effects of the provider, which listens from then on.
  useEffect(() => onReady((notice) => void manager.add(notice)), [onReady]);
  return (
    <Base.Provider toastManager={manager} limit={3}>
      <Base.Portal>
        <Base.Viewport className="fixed right-4 bottom-4 z-60 flex w-[calc(100vw-2rem)] max-w-sm flex-col gap-2">
          <Toasts />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function Toasts() {
  const { t } = useTranslation();
  const { toasts } = Base.useToastManager();
  return toasts.map((item) => (
    <Base.Root
      key={item.id}
      toast={item}
      className="appear flex items-start gap-2.5 rounded-lg border border-line bg-surface p-3 shadow-pop data-limited:hidden"
    >
      {item.type === 'fault' ? (
        <CircleAlert className="mt-0.5 size-4 shrink-0 text-danger" aria-hidden="true" />
      ) : (
        <CircleCheck className="mt-0.5 size-4 shrink-0 text-ok" aria-hidden="true" />
      )}
      <div className="min-w-0 flex-1">
        <Base.Title className="font-medium text-ink text-sm" />
        <Base.Description className="text-ink-2 text-sm" />
      </div>
      <Base.Close aria-label={t('close')} className={buttonClass('quiet', 'sm', true)}>
        <X className="size-3.5" />
      </Base.Close>
    </Base.Root>
  ));
}
