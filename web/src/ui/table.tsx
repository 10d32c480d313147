import type { ReactNode, TdHTMLAttributes, ThHTMLAttributes } from 'react';
import { cx } from './cx.ts';

/** A table that scrolls sideways on its own where the page is narrow. @param label what it lists, for screen readers */
export function Table({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section aria-label={label} tabIndex={0} className="relative overflow-x-auto outline-offset-[-2px]">
      <table className="w-full border-collapse text-left text-sm">{children}</table>
    </section>
  );
}

export function Th({ className, ...rest }: ThHTMLAttributes<HTMLTableCellElement>) {
  return (
    <th
      scope="col"
      {...rest}
      className={cx('h-9 whitespace-nowrap border-line border-b px-4 font-medium text-ink-3 text-xs', className)}
    />
  );
}

export function Td({ className, ...rest }: TdHTMLAttributes<HTMLTableCellElement>) {
  return (
    <td {...rest} className={cx('h-10 border-line border-b px-4 text-ink group-last/row:border-b-0', className)} />
  );
}

export function Tr({ children, className }: { readonly children: ReactNode; readonly className?: string }) {
  return <tr className={cx('group/row hover:bg-sunken', className)}>{children}</tr>;
}
