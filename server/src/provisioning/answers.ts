/** The answers to provisioning requests, byte for byte as ThingsBoard's once they are compact JSON (reference §1.5). */
import type { Credentials } from '#contract/credentials.ts';
import { toShortId } from '../lib/short-id.ts';
import type { ProvisionBody } from './provisioning.ts';

/** One answer for an unknown key, a wrong secret and a profile that provisions nobody: none of them can be told apart. */
export const notFoundBody: ProvisionBody = Object.freeze({
  errorMsg: 'Provision data was not found!',
  status: 'NOT_FOUND',
});

/** One answer for every refusal of a request whose secret was right; the reason stands in the audit log. */
export const failureBody: ProvisionBody = Object.freeze({ errorMsg: 'Failed to provision device!', status: 'FAILURE' });

/**
 * @param to.hasKey the device has the key already, so it does not travel
 *
 * The order of the members differs between the types, as in ThingsBoard; absent parts of MQTT_BASIC are null.
 */
export function successBody(
  credentials: Credentials,
  to: { readonly deviceId: string; readonly instance: string; readonly hasKey: boolean },
): ProvisionBody {
  if (credentials.type === 'JWT') {
    const { kid, key } = credentials;
    const [deviceId, instance] = [toShortId(to.deviceId), toShortId(to.instance)];
    const credentialsValue = { kid, ...(key !== undefined && !to.hasKey && { key }), deviceId, instance };
    return { credentialsValue, credentialsType: 'JWT', status: 'SUCCESS' };
  }
  if (credentials.type === 'ACCESS_TOKEN') {
    return { credentialsType: 'ACCESS_TOKEN', credentialsValue: credentials.token, status: 'SUCCESS' };
  }
  const { clientId = null, userName = null, password = null } = credentials;
  return { credentialsValue: { clientId, userName, password }, credentialsType: 'MQTT_BASIC', status: 'SUCCESS' };
}
