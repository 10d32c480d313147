/** How a device asks for JWT credentials: with a proof that it knows the secret, which itself does not travel. */
import type { DeviceHttp, DeviceHttpAnswer } from './http.ts';
import { UntrustedAnswer } from './jwt-device.ts';
import type { JwtIdentity } from './jwt-identity.ts';
import { isProven, provenProvisionBody, secretOf } from './jwt-proofs.ts';
import { createNodeDeviceHttp } from './node-http.ts';
import { ProvisionError } from './provision.ts';

export interface JwtIntroduction {
  /** e.g. `http://localhost:8080` */
  readonly baseUrl: string;
  readonly deviceName: string;
  readonly provisionDeviceKey: string;
  /** What the device proves: the secret of the profile, or the key (base64url) derived for it from the group key. */
  readonly by: { readonly secret: string } | { readonly deviceKey: string };
  readonly http?: DeviceHttp;
}

/**
 * @returns who the device is from now on; keep it in a store
 * @throws ProvisionError when the server refuses or does not answer; UntrustedAnswer when the answer is not the server's
 */
export async function provisionJwt(introduction: JwtIntroduction): Promise<JwtIdentity> {
  const { deviceName, provisionDeviceKey, by, http = createNodeDeviceHttp() } = introduction;
  const baseUrl = introduction.baseUrl.replace(/\/$/, '');
  const key = 'secret' in by ? Buffer.from(by.secret) : secretOf(by.deviceKey);

  const time = await ask(`/api/v1/time?kid=${encodeURIComponent(provisionDeviceKey)}`, 'GET');
  const nonce = membersOf(time)['nonce'];
  if (typeof nonce !== 'string') throw new ProvisionError('The server gave no nonce: it is older than proofs.');
  const body = provenProvisionBody(key, {
    deviceName,
    ...{ provisionDeviceKey, credentialsType: 'JWT', provisionNonce: nonce },
    ...('deviceKey' in by && { provisionProofBy: 'deviceKey' }),
  });
  const answer = await ask('/api/v1/provision', 'POST', body);
  const { status, errorMsg, credentialsValue: value } = membersOf(answer);
  // A refusal need not prove itself: there is nothing in it to believe.
  if (status !== 'SUCCESS') throw new ProvisionError(`The server refused to provision the device: ${String(errorMsg)}`);
  if (!isProven(key, nonce, answer, answer.header('device-proof'))) {
    throw new UntrustedAnswer('The answer to the provisioning request does not come from who knows the secret.');
  }
  const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const text = (member: string): string => {
    const found = given[member];
    if (typeof found !== 'string') throw new ProvisionError(`The answer holds no ${member}.`);
    return found;
  };
  const current = {
    kid: text('kid'),
    alg: 'HS256',
    key: 'deviceKey' in by ? by.deviceKey : text('key'),
  } as const;
  return { deviceId: text('deviceId'), instance: text('instance'), current };

  async function ask(path: string, method: 'GET' | 'POST', body?: string): Promise<DeviceHttpAnswer> {
    const answer = await http.send({ method, url: baseUrl + path, ...(body !== undefined && { body }) });
    if (answer.status === 200) return answer;
    const what = `${method} ${path} was answered with ${answer.status}: ${answer.body.slice(0, 200)}`;
    throw new ProvisionError(what, answer.status, answer.retryAfterMs);
  }
}

function membersOf({ body }: DeviceHttpAnswer): Record<string, unknown> {
  const value: unknown = JSON.parse(body);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
