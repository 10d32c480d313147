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

/** Lower rows and narrower cells, where a table is one of several things in view. */
interface Density {
  readonly dense?: boolean;
}

export function Th({ className, dense, ...rest }: ThHTMLAttributes<HTMLTableCellElement> & Density) {
  return (
    <th
      scope="col"
      {...rest}
      className={cx(
        'whitespace-nowrap border-line border-b font-medium text-ink-3 text-xs',
        dense === true ? 'h-8 px-3' : 'h-9 px-2 first:pl-4 last:pr-4 sm:px-4',
        className,
      )}
    />
  );
}

export function Td({ className, dense, ...rest }: TdHTMLAttributes<HTMLTableCellElement> & Density) {
  return (
    <td
      {...rest}
      className={cx(
        'border-line border-b text-ink group-last/row:border-b-0',
        dense === true ? 'h-8 px-3' : 'h-10 px-2 first:pl-4 last:pr-4 sm:px-4',
        className,
      )}
    />
  );
}

export function Tr({ children, className }: { readonly children: ReactNode; readonly className?: string }) {
  return <tr className={cx('group/row hover:bg-sunken', className)}>{children}</tr>;
}
