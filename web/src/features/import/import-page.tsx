import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../session/session.ts';
import { Page } from '../../shell/page.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { type CsvPreview, readPreview, toUtf8 } from './csv-preview.ts';
import { DropZone } from './drop-zone.tsx';
import { ImportForm } from './import-form.tsx';

export interface ChosenFile {
  readonly name: string;
  readonly content: Blob;
  readonly preview: CsvPreview;
  /** Records in it, about: a line break within quotes counts as well. */
  readonly lines: number;
}

export function ImportPage() {
  const { t } = useTranslation('import');
  const mayImport = useMay('operator');
  const [file, setFile] = useState<ChosenFile>();
  const [isEmpty, setEmpty] = useState(false);
  const choose = async (chosen: File): Promise<void> => {
    const content = await toUtf8(chosen);
    const preview = await readPreview(content);
    setEmpty(preview.records.length === 0);
    if (preview.records.length === 0) return;
    setFile({ name: chosen.name, content, preview, lines: await countLines(content) });
  };
  return (
    <Page
      title={t('title')}
      parent={{ to: '/devices', label: t('devices') }}
      lead={t('lead')}
      actions={
        <Link to="/devices" className={buttonClass('plain')}>
          {t('allDevices')}
        </Link>
      }
    >
      {!mayImport ? (
        <EmptyState title={t('notAllowed.title')}>{t('notAllowed.text')}</EmptyState>
      ) : file === undefined ? (
        <DropZone onFile={(chosen) => void choose(chosen)} isEmpty={isEmpty} />
      ) : (
        <ImportForm key={file.name + file.content.size} file={file} onOther={() => setFile(undefined)} />
      )}
    </Page>
  );
}

async function countLines(file: Blob): Promise<number> {
  const reader = file.stream().getReader();
  let lines = 0;
  let last = 10;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return last === 10 ? lines : lines + 1;
    for (const byte of value) if (byte === 10) lines++;
    last = value.at(-1) ?? last;
  }
}
