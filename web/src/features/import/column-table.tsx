import { useTranslation } from 'react-i18next';
import { cx } from '../../ui/cx.ts';
import { controlClass } from '../../ui/field.tsx';
import { Table, Td, Th, Tr } from '../../ui/table.tsx';
import { importFields, type Target } from './columns.ts';

/** Which column of the file becomes what; a row for each, with what stands in it. */
export function ColumnTable({
  titles,
  samples,
  targets,
  onChange,
  disabled,
}: {
  /** As in the file; its number where it has none. */
  readonly titles: readonly string[];
  readonly samples: readonly (readonly string[])[];
  readonly targets: readonly Target[];
  onChange(targets: readonly Target[]): void;
  readonly disabled: boolean;
}) {
  const { t } = useTranslation('import');
  const set = (index: number, target: Target): void =>
    // A field is filled by one column: it moves from the one that had it.
    onChange(targets.map((each, i) => (i === index ? target : each === target && target !== '' ? '' : each)));
  return (
    <Table label={t('columns.title')}>
      <thead>
        <tr>
          <Th>{t('columns.inFile')}</Th>
          <Th>{t('columns.values')}</Th>
          <Th className="w-40 sm:w-64">{t('columns.becomes')}</Th>
        </tr>
      </thead>
      <tbody>
        {titles.map((title, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: columns have a place, and titles may repeat
          <Tr key={i}>
            <Td className="max-w-20 truncate font-medium sm:max-w-48" title={title}>
              {title}
            </Td>
            <Td className="max-w-24 truncate text-ink-2 text-xs sm:max-w-64">
              {samples
                .map((record) => record[i] ?? '')
                .filter((cell) => cell !== '')
                .slice(0, 3)
                .join(' · ')}
            </Td>
            <Td className="py-1">
              <select
                aria-label={t('columns.becomesOf', { title })}
                value={targets[i] ?? ''}
                disabled={disabled}
                onChange={(event) => set(i, event.target.value as Target)}
                className={cx(controlClass, 'h-8 pr-7')}
              >
                <option value="">{t('columns.leaveOut')}</option>
                <optgroup label={t('columns.fields')}>
                  {importFields.map((field) => (
                    <option key={field} value={field}>
                      {t(`fields.${field}`)}
                    </option>
                  ))}
                </optgroup>
                <optgroup label={t('columns.attributes')}>
                  {[`attr.${keyOf(title, targets[i])}`, `shared.${keyOf(title, targets[i])}`].map((target) => (
                    <option key={target} value={target}>
                      {target.startsWith('attr.')
                        ? t('columns.server', { key: target.slice(5) })
                        : t('columns.shared', { key: target.slice(7) })}
                    </option>
                  ))}
                </optgroup>
              </select>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

/** The attribute that a column would be: as its title says, or as it was said already. */
function keyOf(title: string, target: Target | undefined): string {
  const said = /^(?:attr|shared)\.(.+)$/.exec(target ?? '')?.[1];
  return said ?? title.replace(/^(attr|server|shared)\./i, '').trim();
}
