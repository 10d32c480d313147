import { useQuery, useQueryClient } from '@tanstack/react-query';
import { FileText } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { SelectField } from '../../ui/field.tsx';
import { Switch } from '../../ui/switch.tsx';
import { profilesQuery } from '../profiles/profile-queries.ts';
import { ColumnTable } from './column-table.tsx';
import { guessTargets, headerLine, looksLikeHeader, placeTargets, type Target } from './columns.ts';
import type { ChosenFile } from './import-page.tsx';
import { RunReport } from './run-report.tsx';
import { useImportRun } from './use-import-run.ts';

/** Columns, options, a dry run, and the import itself. */
export function ImportForm({ file, onOther }: { readonly file: ChosenFile; onOther(): void }) {
  const { t } = useTranslation('import');
  const format = useFormat();
  const cache = useQueryClient();
  const profiles = useQuery(profilesQuery);
  const { preview } = file;
  const first = preview.records[0] ?? [];
  const [hasHeader, setHasHeader] = useState(() => looksLikeHeader(first));
  const [targets, setTargets] = useState<readonly Target[]>(() =>
    hasHeader ? guessTargets(first) : placeTargets(first.length),
  );
  const [profileId, setProfileId] = useState('');
  const [existing, setExisting] = useState<'skip' | 'update'>('skip');
  const [wantsCredentials, setWantsCredentials] = useState(true);
  const { run, start, cancel, reset } = useImportRun();
  const isRunning = run.state === 'running';
  const hasName = targets.includes('name');
  const rows = Math.max(0, file.lines - (hasHeader ? 1 : 0));
  const isImported = run.state === 'done' && !run.isDryRun;

  const change = (apply: () => void): void => {
    apply();
    // What was checked is no longer what would be imported.
    reset();
  };
  const begin = async (dryRun: boolean): Promise<void> => {
    const source = {
      file: file.content,
      header: headerLine(targets, preview.delimiter),
      delimiter: preview.delimiter,
      hasHeader,
      nameIndex: targets.indexOf('name'),
    };
    const options = {
      dryRun,
      header: true,
      existing,
      ...(profileId !== '' && { profileId }),
      ...(!dryRun && wantsCredentials && { credentials: true }),
    };
    await start(source, options);
    if (dryRun) return;
    await Promise.all(
      ['devices', 'profiles', 'overview'].map((queryKey) => cache.invalidateQueries({ queryKey: [queryKey] })),
    );
  };

  return (
    <div className="grid gap-3">
      <Card>
        <div className="flex flex-wrap items-center gap-3">
          <FileText className="size-5 shrink-0 text-ink-3" aria-hidden="true" />
          <div className="min-w-0 flex-1">
            <div className="truncate font-medium">{file.name}</div>
            <div className="text-ink-3 text-xs">
              {t('file.size', { rows: format.number(rows), size: format.bytes(file.content.size) })}
            </div>
          </div>
          <Button disabled={isRunning} onClick={onOther}>
            {t('file.other')}
          </Button>
        </div>
      </Card>
      {!isImported && (
        <>
          <Card flush title={t('columns.title')}>
            <div className="border-line border-b px-4 py-3">
              <Switch
                label={t('columns.hasHeader')}
                checked={hasHeader}
                disabled={isRunning}
                onChange={(checked) =>
                  change(() => {
                    setHasHeader(checked);
                    setTargets(checked ? guessTargets(first) : placeTargets(first.length));
                  })
                }
              />
            </div>
            <ColumnTable
              titles={first.map((title, i) =>
                hasHeader && title.trim() !== '' ? title : t('columns.number', { number: i + 1 }),
              )}
              samples={preview.records.slice(hasHeader ? 1 : 0)}
              targets={targets}
              disabled={isRunning}
              onChange={(next) => change(() => setTargets(next))}
            />
            {!hasName && (
              <p role="alert" className="border-line border-t px-4 py-2.5 text-danger text-sm">
                {t('columns.noName')}
              </p>
            )}
          </Card>
          <Card title={t('options.title')}>
            <div className="grid gap-4 sm:grid-cols-2">
              <SelectField
                label={t('options.profile')}
                hint={t('options.profileHint')}
                value={profileId}
                disabled={isRunning}
                onChange={(event) => change(() => setProfileId(event.target.value))}
              >
                <option value="">{t('options.defaultProfile')}</option>
                {profiles.data?.items.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </SelectField>
              <SelectField
                label={t('options.existing')}
                hint={t(`options.${existing}Hint`)}
                value={existing}
                disabled={isRunning}
                onChange={(event) => change(() => setExisting(event.target.value === 'update' ? 'update' : 'skip'))}
              >
                <option value="skip">{t('options.skip')}</option>
                <option value="update">{t('options.update')}</option>
              </SelectField>
              <Switch
                label={t('options.credentials')}
                hint={t('options.credentialsHint')}
                checked={wantsCredentials}
                disabled={isRunning}
                onChange={setWantsCredentials}
              />
            </div>
            <div className="mt-4 flex flex-wrap justify-end gap-2">
              {isRunning && <Button onClick={cancel}>{t('run.cancel')}</Button>}
              <Button
                busy={isRunning && run.isDryRun}
                disabled={!hasName || isRunning}
                onClick={() => void begin(true)}
              >
                {t('run.check')}
              </Button>
              <Button
                tone="primary"
                busy={isRunning && !run.isDryRun}
                disabled={!hasName || isRunning}
                onClick={() => void begin(false)}
              >
                {t('run.import')}
              </Button>
            </div>
          </Card>
        </>
      )}
      {run.state !== 'idle' && <RunReport run={run} totalRows={rows} fileName={file.name} />}
    </div>
  );
}
