/** Which column of a file means what. */
import { type ImportColumn, importColumns } from '#contract/import.ts';
import { AppError } from '../errors.ts';
import { maxColumns } from './limits.ts';

/** What a column fills: a field of the device, or an attribute of a scope. */
export type Target =
  | { readonly field: ImportColumn }
  | { readonly scope: 'server' | 'shared'; readonly attributeKey: string };

export interface Column {
  /** Place in a line, from 0. */
  readonly index: number;
  /** As it stands in the file; for messages. */
  readonly title: string;
  readonly target: Target;
}

export interface Layout {
  readonly hasHeader: boolean;
  readonly columns: readonly Column[];
  /** How many cells a line has, or undefined when nothing says so. */
  readonly width: number | undefined;
  readonly ignored: readonly string[];
}

/** Names by which files of other programs call these columns. */
const aliases: Readonly<Record<string, ImportColumn>> = {
  mac: 'name',
  macaddress: 'name',
  'mac address': 'name',
  device: 'name',
  devicename: 'name',
  'device name': 'name',
  type: 'profile',
  deviceprofile: 'profile',
  'device profile': 'profile',
  isgateway: 'gateway',
  'is gateway': 'gateway',
};

/**
 * @param first the cells of the first line
 * @param query.header whether that line names the columns; found out when undefined
 * @param query.map `name:MAC,label:Site`, or `name:1,label:3` in a file without header
 * @throws AppError `invalid_request` with what is missing and what there is
 */
export function layoutOf(
  first: readonly string[],
  query: { readonly header?: boolean | undefined; readonly map?: string | undefined },
): Layout {
  if (first.length > maxColumns) {
    throw fault(`The first line has ${first.length} columns; ${maxColumns} are allowed.`);
  }
  const map = parseMap(query.map ?? '');
  const titles = first.map((cell) => cell.trim());
  const hasHeader = query.header ?? isHeader(titles, map);
  const layout = hasHeader ? fromHeader(titles, map) : fromPlaces(titles.length, map);
  if (!layout.columns.some(({ target }) => 'field' in target && target.field === 'name')) {
    throw fault(
      `No column is the name of the device. The first line has: ${titles.slice(0, 20).join(', ')}. ` +
        'Call one of them name, or say which it is: ?map=name:TITLE, or ?header=false&map=name:1.',
    );
  }
  return layout;
}

interface Mapped {
  readonly target: Target;
  /** Title or number of the column in the file. */
  readonly source: string;
}

function parseMap(text: string): Mapped[] {
  if (text.trim() === '') return [];
  return text.split(',').map((pair) => {
    const at = pair.indexOf(':');
    const target = at < 1 ? undefined : targetOf(pair.slice(0, at).trim(), false);
    const source = pair.slice(at + 1).trim();
    if (target === undefined || source === '') {
      throw fault(
        `"${pair.slice(0, 100)}" in map is not of the form column:title, where column is one of ` +
          `${importColumns.join(', ')}, attr.<key>, shared.<key>.`,
      );
    }
    return { target, source };
  });
}

function targetOf(title: string, withAliases: boolean): Target | undefined {
  const attribute = /^(attr|server|shared)\.(.+)$/i.exec(title);
  if (attribute?.[1] !== undefined && attribute[2] !== undefined) {
    const scope = attribute[1].toLowerCase() === 'shared' ? 'shared' : 'server';
    return { scope, attributeKey: attribute[2] };
  }
  const lower = title.toLowerCase();
  const field = importColumns.find((column) => column.toLowerCase() === lower);
  if (field !== undefined) return { field };
  const alias = withAliases && Object.hasOwn(aliases, lower) ? aliases[lower] : undefined;
  return alias === undefined ? undefined : { field: alias };
}

/** One column without a known title is a list of names. */
function isHeader(titles: readonly string[], map: readonly Mapped[]): boolean {
  if (map.length > 0) return !map.every(({ source }) => isPlace(source) && !titles.includes(source));
  return titles.length > 1 || titles.some((title) => targetOf(title, true) !== undefined);
}

function isPlace(text: string): boolean {
  return /^[1-9]\d{0,3}$/.test(text);
}

function fromHeader(titles: readonly string[], map: readonly Mapped[]): Layout {
  const columns = new Map<number, Column>();
  const taken = new Set<string>();
  const add = (index: number, target: Target): void => {
    const title = titles[index] ?? '';
    const id = idOf(target);
    if (taken.has(id)) throw fault(`Two columns are ${id}; one of them is "${title}".`);
    taken.add(id);
    columns.set(index, { index, title, target });
  };
  for (const { target, source } of map) {
    const lower = source.toLowerCase();
    const index = titles.findIndex((title) => title.toLowerCase() === lower);
    if (index === -1)
      throw fault(`There is no column "${source.slice(0, 100)}"; there are: ${titles.slice(0, 20).join(', ')}.`);
    if (columns.has(index)) throw fault(`The column "${titles[index]}" is mapped twice.`);
    add(index, target);
  }
  for (const [index, title] of titles.entries()) {
    const target = columns.has(index) ? undefined : targetOf(title, false);
    // What the map says holds against a title that says the same.
    if (target !== undefined && !map.some((mapped) => idOf(mapped.target) === idOf(target))) add(index, target);
  }
  for (const [index, title] of titles.entries()) {
    const target = columns.has(index) ? undefined : targetOf(title, true);
    if (target !== undefined && !taken.has(idOf(target))) add(index, target);
  }
  return {
    hasHeader: true,
    columns: inOrder(columns),
    width: titles.length,
    ignored: titles.filter((title, index) => title !== '' && !columns.has(index)),
  };
}

function fromPlaces(width: number, map: readonly Mapped[]): Layout {
  const columns = new Map<number, Column>();
  if (map.length === 0 && width === 1) columns.set(0, { index: 0, title: 'name', target: { field: 'name' } });
  for (const { target, source } of map) {
    const index = isPlace(source) ? Number(source) - 1 : -1;
    if (index < 0 || index >= width) {
      throw fault(`Without a header the columns are 1 to ${width}; the map says "${source.slice(0, 100)}".`);
    }
    if (columns.has(index)) throw fault(`The column ${source} is mapped twice.`);
    if ([...columns.values()].some((column) => idOf(column.target) === idOf(target))) {
      throw fault(`Two columns are ${idOf(target)}.`);
    }
    columns.set(index, { index, title: idOf(target), target });
  }
  return { hasHeader: false, columns: inOrder(columns), width: undefined, ignored: [] };
}

function inOrder(columns: ReadonlyMap<number, Column>): Column[] {
  return [...columns.values()].sort((a, b) => a.index - b.index);
}

function idOf(target: Target): string {
  if ('field' in target) return target.field;
  return `${target.scope === 'server' ? 'attr' : 'shared'}.${target.attributeKey}`;
}

function fault(message: string): AppError {
  return new AppError('invalid_request', message);
}
