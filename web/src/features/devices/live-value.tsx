import { useState } from 'react';
import { useFormat } from '../../i18n/format.ts';
import { cx } from '../../ui/cx.ts';
import { valueText } from './value-text.ts';

/** A value that flashes when a newer one comes. @param ts of the point: the same value sent again is news, too */
export function LiveValue({
  value,
  ts,
  className,
}: {
  readonly value: unknown;
  readonly ts: number;
  readonly className?: string;
}) {
  const format = useFormat();
  const [first] = useState(ts);
  const text = valueText(value, format);
  return (
    // A new key is a new element, which begins its animation anew.
    <span key={ts} title={text} className={cx('rounded-sm tabular-nums', ts !== first && 'flash', className)}>
      {text}
    </span>
  );
}
