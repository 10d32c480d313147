import type { WidgetProps } from '../context.ts';

/** What people wrote: as text, with its line breaks. */
export function TextWidget({ widget }: WidgetProps<'text'>) {
  return <p className="whitespace-pre-wrap break-words text-ink text-sm">{widget.text}</p>;
}
