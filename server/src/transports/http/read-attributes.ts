/** GET attributes: what the device said of itself and what it is told (reference §1.9). */
import type { Json } from '#contract/common.ts';
import type { Attributes } from '../../attributes/attributes.ts';
import type { DeviceRef } from '../../telemetry/store.ts';

type ScopeValues = { readonly [key: string]: Json };

/**
 * @param query `clientKeys` and `sharedKeys`, each a list with commas; with neither, all of both scopes
 * @returns the answer's body; a scope with no values is left out
 */
export async function readAttributes(
  attributes: Pick<Attributes, 'read'>,
  device: DeviceRef,
  query: string,
): Promise<{ readonly client?: ScopeValues; readonly shared?: ScopeValues }> {
  const parameters = new URLSearchParams(query);
  const clientKeys = readKeys(parameters.get('clientKeys'));
  const sharedKeys = readKeys(parameters.get('sharedKeys'));
  const wantsAll = clientKeys === undefined && sharedKeys === undefined;

  const read = async (scope: 'client' | 'shared', keys: string[] | undefined): Promise<ScopeValues | undefined> => {
    if (keys === undefined && !wantsAll) return undefined;
    const found = await attributes.read(device, scope, keys);
    if (found.size === 0) return undefined;
    // Defines members instead of assigning them: a key `__proto__` is a key.
    return Object.fromEntries(Array.from(found, ([key, { value }]) => [key, value]));
  };
  const [client, shared] = await Promise.all([read('client', clientKeys), read('shared', sharedKeys)]);
  return { ...(client !== undefined && { client }), ...(shared !== undefined && { shared }) };
}

/** undefined when no key is named. */
function readKeys(list: string | null): string[] | undefined {
  const keys = (list ?? '').split(',').filter((key) => key !== '');
  return keys.length === 0 ? undefined : [...new Set(keys)];
}
