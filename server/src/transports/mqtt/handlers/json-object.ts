import { toStrictJson } from '../../../lib/relaxed-json.ts';

/** @returns the JSON object in the payload, relaxed as ThingsBoard takes it, or undefined when there is none */
export function jsonObject(payload: Buffer): { readonly [key: string]: unknown } | undefined {
  const text = payload.toString('utf8');
  const value = parse(text) ?? parse(toStrictJson(text) ?? '');
  return isObject(value) ? value : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
