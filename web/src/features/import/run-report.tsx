import { Link } from '@tanstack/react-router';
import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { cx } from '../../ui/cx.ts';
import { download } from '../../ui/download.ts';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Table, Td, Th, Tr } from '../../ui/table.tsx';
import { credentialsHeader, errorsHeader, type ImportRun } from './use-import-run.ts';

/** How far it is, what became of the rows, and what to take along. */
export function RunReport({
  run,
  totalRows,
  fileName,
}: {
  readonly run: ImportRun;
  readonly totalRows: number;
  readonly fileName: string;
}) {
  const { t, i18n } = useTranslation('import');
  const format = useFormat();
  const { counts, isDryRun, state } = run;
  const share = state === 'done' ? 1 : totalRows === 0 ? 0 : Math.min(1, counts.rows / totalRows);
  const base = fileName.replace(/\.[^.]*$/, '');
  const tiles = [
    ['created', counts.created, 'text-ok'],
    ['updated', counts.updated, 'text-ink'],
    ['unchanged', counts.unchanged, 'text-ink'],
    ['failed', counts.failed, counts.failed > 0 ? 'text-danger' : 'text-ink'],
  ] as const;
  return (
    <>
      <Card title={t(`state.${isDryRun ? 'check' : 'import'}.${state === 'idle' ? 'running' : state}`)}>
        <progress
          aria-label={t('run.progress')}
          value={share}
          max={1}
          className="block h-2 w-full appearance-none overflow-hidden rounded-full bg-hover [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-hover [&::-webkit-progress-value]:bg-accent"
        />
        <p role="status" className="mt-1.5 text-ink-2 text-xs tabular-nums">
          {t('run.rows', { rows: format.number(counts.rows), total: format.number(Math.max(totalRows, counts.rows)) })}
        </p>
        <dl className="mt-3 grid grid-cols-2 gap-3 sm:grid-cols-4">
          {tiles.map(([name, count, colour]) => (
            <div key={name} className="rounded-md bg-sunken px-3 py-2">
              <dt className="text-ink-2 text-xs">{t(`counts.${isDryRun ? 'check' : 'import'}.${name}`)}</dt>
              <dd className={cx('font-semibold text-lg tabular-nums', colour)}>{format.number(count)}</dd>
            </div>
          ))}
        </dl>
        {run.stopped !== null && (
          <p role="alert" className="mt-3 text-danger text-sm">
            {run.stopped}
          </p>
        )}
        {state === 'failed' && <ErrorNote error={run.error} />}
        {state === 'cancelled' && !isDryRun && <p className="mt-3 text-sm text-warn">{t('run.cancelledText')}</p>}
        {(run.errorLines.length > 0 || run.credentialLines.length > 0 || (state === 'done' && !isDryRun)) && (
          <div className="mt-4 flex flex-wrap gap-2">
            {run.credentialLines.length > 0 && state !== 'running' && (
              <Button
                tone="primary"
                icon={<Download className="size-3.5" aria-hidden="true" />}
                onClick={() =>
                  download(`${base}-credentials.csv`, [credentialsHeader, ...run.credentialLines], 'text/csv')
                }
              >
                {t('run.credentials', {
                  count: run.credentialLines.length,
                  shown: format.number(run.credentialLines.length),
                })}
              </Button>
            )}
            {run.errorLines.length > 0 && state !== 'running' && (
              <Button
                icon={<Download className="size-3.5" aria-hidden="true" />}
                onClick={() => download(`${base}-errors.csv`, [errorsHeader, ...run.errorLines], 'text/csv')}
              >
                {t('run.errors', { count: run.errorLines.length, shown: format.number(run.errorLines.length) })}
              </Button>
            )}
            {state === 'done' && !isDryRun && (
              <Link to="/devices" className={buttonClass('plain')}>
                {t('allDevices')}
              </Link>
            )}
          </div>
        )}
      </Card>
      {run.errors.length > 0 && (
        <Card flush title={t('errors.title')}>
          <Table label={t('errors.title')}>
            <thead>
              <tr>
                <Th className="text-right">{t('errors.line')}</Th>
                <Th>{t('errors.name')}</Th>
                <Th>{t('errors.column')}</Th>
                <Th>{t('errors.reason')}</Th>
              </tr>
            </thead>
            <tbody>
              {run.errors.map((error, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: they come in this order and stay
                <Tr key={i}>
                  <Td className="text-right tabular-nums">{format.number(error.line)}</Td>
                  <Td className="max-w-48 truncate">{error.name ?? ''}</Td>
                  <Td className="max-w-32 truncate text-ink-2">{error.column ?? ''}</Td>
                  <Td className="min-w-64 text-ink-2">
                    {i18n.language === 'en' ? error.reason : t(`codes.${error.code}`)}
                  </Td>
                </Tr>
              ))}
            </tbody>
          </Table>
          {run.errorLines.length > run.errors.length && (
            <p className="border-line border-t px-4 py-2 text-ink-3 text-xs">
              {t('errors.more', { count: run.errorLines.length - run.errors.length })}
            </p>
          )}
        </Card>
      )}
    </>
  );
}
