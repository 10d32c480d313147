/** A line of a file as the device that it asks for. */
import type { Json } from '#contract/common.ts';
import type { Credentials, CredentialsType } from '#contract/credentials.ts';
import type { ImportColumn, ImportRowCode } from '#contract/import.ts';
import { faultOfValues } from '../attributes/keys.ts';
import { faultOfCredentials } from '../credentials/shape.ts';
import { faultOfLine, faultOfName } from '../lib/text-rules.ts';
import type { Layout } from './layout.ts';
import { maxShownName } from './limits.ts';

export interface ImportRow {
  readonly line: number;
  readonly name: string;
  /** Name of the profile, when the line has one. */
  readonly profile: string | undefined;
  /** Texts are undefined when their cell is empty: such a row says nothing about them. */
  readonly label: string | undefined;
  readonly description: string | undefined;
  readonly isGateway: boolean;
  readonly credentials: Credentials | { readonly generate: CredentialsType };
  readonly serverAttributes: Readonly<Record<string, Json>>;
  readonly sharedAttributes: Readonly<Record<string, Json>>;
}

export interface RowFault {
  readonly line: number;
  readonly column?: string;
  readonly code: ImportRowCode;
  readonly reason: string;
  readonly name?: string;
}

/** As in contract/devices.ts. */
const maxDescriptionLength = 4000;

/** @returns undefined for a line of blanks */
export function readRow(line: number, cells: readonly string[], layout: Layout): ImportRow | RowFault | undefined {
  if (cells.every((cell) => cell.trim() === '')) return undefined;
  const texts: Partial<Record<ImportColumn, string>> = {};
  const attributes: Record<'server' | 'shared', [string, Json][]> = { server: [], shared: [] };
  for (const { index, target } of layout.columns) {
    const cell = cells[index] ?? '';
    if ('field' in target) {
      // A password may well begin with a blank; nothing else does on purpose.
      texts[target.field] = target.field === 'password' ? cell : cell.trim();
    } else if (cell.trim() !== '') {
      attributes[target.scope].push([target.attributeKey, attributeValue(cell.trim())]);
    }
  }
  const name = texts.name ?? '';
  const fail = (code: ImportRowCode, reason: string, column?: string): RowFault => ({
    line,
    ...(column !== undefined && { column }),
    code,
    reason,
    ...(name !== '' && { name: name.slice(0, maxShownName).toWellFormed() }),
  });

  if (layout.width !== undefined && cells.slice(layout.width).some((cell) => cell.trim() !== '')) {
    return fail('invalid_line', `The line has ${cells.length} cells; the header has ${layout.width}.`);
  }
  for (const { index, title } of layout.columns) {
    // What the decoder writes for bytes that are no UTF-8.
    if (cells[index]?.includes('\ufffd')) return fail('invalid_line', 'The text is not UTF-8.', title);
  }
  if (name === '') return fail('invalid_name', 'The name is empty.', 'name');
  const nameFault = faultOfName(name);
  if (nameFault !== undefined) return fail('invalid_name', `The name ${nameFault}.`, 'name');
  const labelFault = faultOfLine(texts.label ?? '');
  if (labelFault !== undefined) return fail('invalid_value', `The label ${labelFault}.`, 'label');
  const description = texts.description ?? '';
  if (description.length > maxDescriptionLength || description.includes('\u0000')) {
    return fail(
      'invalid_value',
      `The description is longer than ${maxDescriptionLength} characters, or has a NUL in it.`,
      'description',
    );
  }
  const isGateway = flags.get((texts.gateway ?? '').toLowerCase());
  if (isGateway === undefined) return fail('invalid_value', 'The gateway flag is neither true nor false.', 'gateway');
  const credentials = readCredentials(texts);
  if (typeof credentials === 'string') return fail('invalid_credentials', credentials, 'credentialsType');
  const credentialsFault = 'generate' in credentials ? undefined : faultOfCredentials(credentials);
  if (credentialsFault !== undefined) return fail('invalid_credentials', credentialsFault);
  const serverAttributes = Object.fromEntries(attributes.server);
  const sharedAttributes = Object.fromEntries(attributes.shared);
  const attributeFault = faultOfValues('server', serverAttributes) ?? faultOfValues('shared', sharedAttributes);
  if (attributeFault !== undefined) return fail('invalid_attributes', attributeFault);

  return {
    line,
    name,
    profile: texts.profile || undefined,
    label: texts.label || undefined,
    description: description || undefined,
    isGateway,
    credentials,
    serverAttributes,
    sharedAttributes,
  };
}

const flags: ReadonlyMap<string, boolean> = new Map([
  ['', false],
  ['true', true],
  ['false', false],
  ['yes', true],
  ['no', false],
  ['1', true],
  ['0', false],
]);

/** @returns a sentence when the cells contradict each other */
function readCredentials(
  texts: Partial<Record<ImportColumn, string>>,
): Credentials | { readonly generate: CredentialsType } | string {
  const { token = '', clientId = '', userName = '', password = '' } = texts;
  const hasBasic = clientId !== '' || userName !== '' || password !== '';
  const type = (texts.credentialsType ?? '').toUpperCase() || (hasBasic ? 'MQTT_BASIC' : 'ACCESS_TOKEN');
  if (type !== 'ACCESS_TOKEN' && type !== 'MQTT_BASIC' && type !== 'JWT') {
    return 'The type of credentials is none of ACCESS_TOKEN, MQTT_BASIC and JWT.';
  }
  if (type === 'JWT') {
    if (hasBasic || token !== '') return 'JWT takes no cells: its key is made.';
    return { generate: type };
  }
  if (type === 'ACCESS_TOKEN') {
    if (hasBasic) return 'ACCESS_TOKEN takes a token alone, without client id, user name and password.';
    return token === '' ? { generate: type } : { type, token };
  }
  if (token !== '') return 'MQTT_BASIC takes client id, user name and password, but no token.';
  if (!hasBasic) return { generate: type };
  return {
    type,
    ...(clientId !== '' && { clientId }),
    ...(userName !== '' && { userName }),
    ...(password !== '' && { password }),
  };
}

/** A decimal number that means the same when written again, as serial numbers like `007` and long ids do not. */
const plainNumber = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?$/;

/** Cells have no types: numbers, true and false are taken as such, all else as text. */
export function attributeValue(text: string): Json {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (plainNumber.test(text) && text !== '-0') return Number(text);
  return text;
}
