import { useTranslation } from 'react-i18next';
import { Button } from './button.tsx';
import { cx } from './cx.ts';

/** What of a paged query this needs; every infinite query of TanStack has it. */
interface Pages {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  fetchNextPage(): Promise<unknown>;
}

/** Under a list: asks for the next page, while there is one. */
export function LoadMore({ of, className }: { readonly of: Pages; readonly className?: string }) {
  const { t } = useTranslation();
  if (!of.hasNextPage) return null;
  return (
    <div className={cx('flex justify-center p-3', className)}>
      <Button busy={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        {t('loadMore')}
      </Button>
    </div>
  );
}
