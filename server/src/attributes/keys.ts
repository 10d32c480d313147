/** What attributes may be called and hold, whoever writes them. */
import type { Json } from '#contract/common.ts';
import { faultOfName } from '../lib/text-rules.ts';
import type { AttributeScope } from './attributes.ts';

/** As long as ThingsBoard's keys (reference §1.3). */
const maxKeyLength = 255;

/** JSON text of one value, characters: as much as one MQTT packet can bring. */
const maxValueLength = 65_536;

/** Keys in one call: a device's whole configuration fits, and one call stays a few multi-row statements. */
export const maxKeysPerCall = 1000;

/** Keys of one device over all scopes: telemetry belongs into the telemetry store. */
export const maxKeysPerDevice = 2000;

/** Attributes of the server scope that the platform writes itself (reference §1.4). */
export const serverKeptKeys = ['active', 'lastActivityTime', 'lastConnectTime', 'lastDisconnectTime'] as const;

const serverKept: ReadonlySet<string> = new Set(serverKeptKeys);

/** @returns what is wrong with the key as one sentence, or undefined when it may be written in this scope */
export function faultOfKey(scope: AttributeScope, key: string): string | undefined {
  const fault = faultOfName(key, maxKeyLength);
  if (fault !== undefined) return `An attribute key ${fault}.`;
  if (scope === 'server' && serverKept.has(key)) return `The server attribute ${key} is kept by the platform.`;
  return undefined;
}

/** @returns what is wrong with these attributes as one sentence, or undefined when they may be written */
export function faultOfValues(scope: AttributeScope, values: { readonly [key: string]: Json }): string | undefined {
  const entries = Object.entries(values);
  if (entries.length > maxKeysPerCall)
    return `${entries.length} attributes in one call; ${maxKeysPerCall} are allowed.`;
  for (const [key, value] of entries) {
    const fault = faultOfKey(scope, key);
    if (fault !== undefined) return fault;
    if (value === null) return `The attribute ${key} is null; to remove an attribute, delete its key.`;
    if (tooLong(value)) return `The value of the attribute ${key} is longer than ${maxValueLength} characters of JSON.`;
  }
  return undefined;
}

function tooLong(value: Json): boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return false;
  return JSON.stringify(value).length > maxValueLength;
}
