import { FileUp } from 'lucide-react';
import { type DragEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { cx } from '../../ui/cx.ts';
import { download } from '../../ui/download.ts';

const example = `name,profile,label,attr.site,shared.interval
AA:BB:CC:00:00:01,default,Gate sensor,Denpasar,60
AA:BB:CC:00:00:02,default,Rice store,Tabanan,300
`;

/** Where a file is dropped, or chosen with the keyboard. */
export function DropZone({ onFile, isEmpty }: { onFile(file: File): void; readonly isEmpty: boolean }) {
  const { t } = useTranslation('import');
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file !== undefined) onFile(file);
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button within does the same by keyboard */}
      <div
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        className={cx(
          'flex flex-col items-center rounded-lg border-2 border-dashed px-6 py-12 text-center transition-colors',
          isOver ? 'border-accent bg-accent-soft' : 'border-line-strong bg-surface',
        )}
      >
        <FileUp className="mb-3 size-7 text-ink-3" aria-hidden="true" />
        <h2 className="font-medium text-base text-ink">{t('drop.title')}</h2>
        <p className="mt-1 max-w-lg text-balance text-ink-2 text-sm">{t('drop.text')}</p>
        <div className="mt-4 flex flex-wrap justify-center gap-2">
          <Button tone="primary" onClick={() => input.current?.click()}>
            {t('drop.choose')}
          </Button>
          <Button onClick={() => download('devices.csv', example, 'text/csv')}>{t('drop.example')}</Button>
        </div>
        <input
          ref={input}
          type="file"
          accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"
          aria-label={t('drop.choose')}
          className="hidden"
          onChange={(event) => {
            const file = event.target.files?.[0];
            event.target.value = '';
            if (file !== undefined) onFile(file);
          }}
        />
        {isEmpty && (
          <p role="alert" className="mt-3 text-danger text-sm">
            {t('drop.empty')}
          </p>
        )}
      </div>
      <Card title={t('format.title')} className="mt-3">
        <p className="mb-3 text-ink-2 text-sm">{t('format.text')}</p>
        <CodeBlock code={example.trimEnd()} label={t('format.copy')} />
      </Card>
    </>
  );
}
