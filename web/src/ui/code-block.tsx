import { CopyButton } from './copy-button.tsx';

/** Text to paste elsewhere, with its copy button. */
export function CodeBlock({ code, label }: { readonly code: string; readonly label: string }) {
  return (
    <div className="flex min-w-0 items-start rounded-md border border-line bg-sunken">
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
        tabIndex={0}
        className="max-h-96 min-w-0 flex-1 overflow-auto p-3 font-mono text-ink text-xs leading-relaxed"
      >
        <code>{code}</code>
      </pre>
      <div className="p-1">
        <CopyButton value={code} label={label} />
      </div>
    </div>
  );
}

/** A value in one line: a token, a key, an address. */
export function CodeLine({
  value,
  label,
  shown,
}: {
  readonly value: string;
  readonly label: string;
  readonly shown?: string;
}) {
  return (
    <div className="flex h-8 min-w-0 items-center gap-1 rounded-md border border-line bg-sunken pr-0.5 pl-2.5">
      <code className="min-w-0 flex-1 truncate font-mono text-ink text-xs" title={shown ?? value}>
        {shown ?? value}
      </code>
      <CopyButton value={value} label={label} />
    </div>
  );
}
