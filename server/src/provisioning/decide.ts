/** The rules of provisioning: what becomes of a request whose secret was right. Nothing here waits or writes. */
import { type Credentials, type JwtAlgorithm, jwtAlgorithms } from '#contract/credentials.ts';
import { completeJwtCredentials } from '../credentials/jwt-shape.ts';
import { faultOfName } from '../lib/text-rules.ts';
import type { ProvisionProfile } from './deps.ts';
import type { ProvisionRequest } from './request.ts';

/** A device that has the name which was asked for, in the tenant of the key's profile. */
export interface NamedDevice {
  readonly deviceId: string;
  readonly name: string;
  readonly profileId: string;
  readonly enabled: boolean;
  /** The server attribute `provisionState`, parsed; undefined when the device does not have it. */
  readonly provisionState: unknown;
}

/** Why a request was refused, for the audit log: the device itself is told FAILURE and no more. */
export type FailureReason =
  | 'tls_required'
  | 'proof_required'
  | 'blank_name'
  | 'invalid_name'
  | 'credentials_type_not_supported'
  | 'invalid_credentials'
  | 'name_taken'
  | 'credentials_taken'
  | 'device_not_found'
  | 'device_in_other_profile'
  | 'device_disabled'
  | 'device_without_credentials'
  | 'already_provisioned'
  | 'profile_not_found';

export type Decision =
  | { readonly kind: 'refuse'; readonly reason: FailureReason; readonly device?: NamedDevice }
  /** Make a device; the name is made up when the request brings none. */
  | { readonly kind: 'create'; readonly credentials: Credentials | { readonly generate: 'ACCESS_TOKEN' } }
  /** Mark the pre-provisioned device as provisioned and hand out its credentials. */
  | { readonly kind: 'adopt'; readonly device: NamedDevice }
  /** Hand out the credentials that the device has. */
  | { readonly kind: 'return'; readonly device: NamedDevice }
  /** Give the device new credentials, the ones that it brought if it did, and hand those out. */
  | { readonly kind: 'rotate'; readonly device: NamedDevice; readonly brought?: Credentials };

/** The value of `provisionState` that ThingsBoard writes. */
export const provisioned = 'provisioned';

/** What is wrong with the request whatever devices there are, or undefined. */
export function faultOfRequest(request: ProvisionRequest, profile: ProvisionProfile, secure: boolean) {
  // Told FAILURE and not NOT_FOUND, because the device did show the right secret: its developer shall look further.
  if (profile.tlsOnly && !secure) return 'tls_required' satisfies FailureReason;
  if (profile.requireProof && request.proof === undefined) return 'proof_required' satisfies FailureReason;
  if (request.hasBlankName) return 'blank_name' satisfies FailureReason;
  if (request.deviceName !== '' && faultOfName(request.deviceName) !== undefined) {
    return 'invalid_name' satisfies FailureReason;
  }
  return undefined;
}

/**
 * The tables of reference §1.5.
 * @param device the one that has the requested name; undefined when none has it or none was requested
 */
export function decide(
  request: ProvisionRequest,
  profile: ProvisionProfile,
  device: NamedDevice | undefined,
): Decision {
  return profile.strategy === 'CHECK_PRE_PROVISIONED_DEVICES'
    ? decidePreProvisioned(profile, device)
    : decideNewDevice(request, profile, device);
}

function decideNewDevice(
  request: ProvisionRequest,
  profile: ProvisionProfile,
  device: NamedDevice | undefined,
): Decision {
  if (device === undefined) {
    const credentials = credentialsOf(request, profile);
    return typeof credentials === 'string' ? refuse(credentials) : { kind: 'create', credentials };
  }
  // Key and secret stand in the firmware of every device of the profile, so whoever has one device can ask in the name
  // of any other. `strict` is the answer to that; the other policies trade it for devices that may forget their
  // credentials. Even then the name of a device that a person made, of another profile, or one whose provisioning was
  // never finished gives nothing: else knowing its name would be enough to take it over.
  if (profile.reprovision === 'strict') return refuse('name_taken', device);
  if (device.profileId !== profile.id) return refuse('device_in_other_profile', device);
  if (device.provisionState !== provisioned) return refuse('name_taken', device);
  if (profile.reprovision === 'return_existing') return again(profile, device);
  const credentials = credentialsOf(request, profile);
  if (typeof credentials === 'string') return refuse(credentials, device);
  return again(profile, device, 'generate' in credentials ? undefined : credentials);
}

/** Credentials in the request are ignored: the device gets the ones that stand in the platform. */
function decidePreProvisioned(profile: ProvisionProfile, device: NamedDevice | undefined): Decision {
  if (device === undefined) return refuse('device_not_found');
  if (device.profileId !== profile.id) return refuse('device_in_other_profile', device);
  if (!device.enabled) return refuse('device_disabled', device);
  if (device.provisionState === undefined) return { kind: 'adopt', device };
  // Any other value is an operator's way to say no, under every policy (ThingsBoard before 4.2.1.1 did the same).
  if (device.provisionState !== provisioned || profile.reprovision === 'strict') {
    return refuse('already_provisioned', device);
  }
  return again(profile, device);
}

function again(profile: ProvisionProfile, device: NamedDevice, brought?: Credentials): Decision {
  if (!device.enabled) return refuse('device_disabled', device);
  if (profile.reprovision !== 'rotate') return { kind: 'return', device };
  return { kind: 'rotate', device, ...(brought !== undefined && { brought }) };
}

/** What the device brings, or of which kind to make some. Shapes are checked where devices are made. */
function credentialsOf(
  request: ProvisionRequest,
  profile: ProvisionProfile,
): Credentials | { generate: 'ACCESS_TOKEN' } | FailureReason {
  const { token, clientId, username, password } = request;
  const isDerived = request.proof?.by === 'deviceKey';
  if (isDerived && request.credentialsType !== 'JWT') return 'credentials_type_not_supported';
  switch (request.credentialsType) {
    case 'ACCESS_TOKEN':
      return token === '' ? { generate: 'ACCESS_TOKEN' } : { type: 'ACCESS_TOKEN', token };
    case 'MQTT_BASIC':
      return {
        type: 'MQTT_BASIC',
        ...(clientId !== '' && { clientId }),
        ...(username !== '' && { userName: username }),
        ...(password !== '' && { password }),
      };
    case 'JWT': {
      const { alg, publicKey } = request;
      if (alg !== '' && !isJwtAlgorithm(alg)) return 'invalid_credentials';
      const made = completeJwtCredentials(
        {
          type: 'JWT',
          ...(alg !== '' && { alg }),
          ...(publicKey !== undefined && { publicKey }),
          ...(isDerived && { derived: true }),
        },
        { groupKey: profile.groupKey, deviceName: request.deviceName },
      );
      return typeof made === 'string' ? 'invalid_credentials' : made;
    }
    default:
      // X509_CERTIFICATE joins with certificates as credentials.
      return 'credentials_type_not_supported';
  }
}

function refuse(reason: FailureReason, device?: NamedDevice): Decision {
  return device === undefined ? { kind: 'refuse', reason } : { kind: 'refuse', reason, device };
}

function isJwtAlgorithm(text: string): text is JwtAlgorithm {
  return (jwtAlgorithms as readonly string[]).includes(text);
}
