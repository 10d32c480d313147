/** Which column of a file becomes what of a device. */
import type { ImportColumn } from '#contract/import.ts';

/** A field, an attribute of a scope, or nothing. */
export type Target = ImportColumn | `attr.${string}` | `shared.${string}` | '';

/** In the order in which people look for them; the contract's own list stays out of the console with its schemas. */
export const importFields = [
  'name',
  'profile',
  'label',
  'description',
  'gateway',
  'credentialsType',
  'token',
  'clientId',
  'userName',
  'password',
] as const satisfies readonly ImportColumn[];

/** Names by which files of other programs call these columns; as the server has them. */
const aliases: Readonly<Record<string, ImportColumn>> = {
  mac: 'name',
  macaddress: 'name',
  'mac address': 'name',
  device: 'name',
  devicename: 'name',
  'device name': 'name',
  nama: 'name',
  type: 'profile',
  deviceprofile: 'profile',
  'device profile': 'profile',
  profil: 'profile',
  isgateway: 'gateway',
  'is gateway': 'gateway',
};

function fieldOf(title: string): Target {
  const attribute = /^(attr|server|shared)\.(.+)$/i.exec(title);
  if (attribute?.[2] !== undefined) {
    return attribute[1]?.toLowerCase() === 'shared' ? `shared.${attribute[2]}` : `attr.${attribute[2]}`;
  }
  const lower = title.toLowerCase();
  return importFields.find((field) => field.toLowerCase() === lower) ?? '';
}

/** What the titles of a first line mean; each target once. */
export function guessTargets(titles: readonly string[]): Target[] {
  const targets = titles.map((title) => fieldOf(title.trim()));
  const taken = new Set<Target>(targets);
  return targets.map((target, i) => {
    if (target !== '') return targets.indexOf(target) === i ? target : '';
    const lower = (titles[i] ?? '').trim().toLowerCase();
    const alias = Object.hasOwn(aliases, lower) ? aliases[lower] : undefined;
    if (alias === undefined || taken.has(alias)) return '';
    taken.add(alias);
    return alias;
  });
}

/** Whether a first line looks like titles: one of them means something. */
export function looksLikeHeader(record: readonly string[]): boolean {
  return guessTargets(record).some((target) => target !== '');
}

/** A column of a file without titles: its name is in the first one. */
export function placeTargets(width: number): Target[] {
  return Array.from({ length: width }, (_, i) => (i === 0 ? 'name' : ''));
}

/** A first line that says what the columns are; a column that is left out has no title. */
export function headerLine(targets: readonly Target[], delimiter: string): string {
  return `${targets.map((target) => quoted(target, delimiter)).join(delimiter)}\n`;
}

function quoted(text: string, delimiter: string): string {
  return text.includes(delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
