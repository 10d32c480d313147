/** What provisioning asks of its neighbours; `profiles/` and `credentials/` fit these as they are. */
import type { ProvisionStrategy, ReprovisionPolicy } from '#contract/profiles.ts';
import type { DeviceCredentialsStore } from '../credentials/credentials.ts';

/** A profile as seen through its provisioning key. */
export interface ProvisionProfile {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly strategy: ProvisionStrategy;
  readonly reprovision: ReprovisionPolicy;
  /** In the clear: it is compared with what the device shows, in constant time. */
  readonly secret: string;
  /** `count:seconds[,count:seconds]`; '' is the server's default. */
  readonly rateLimit: string;
  readonly tlsOnly: boolean;
  /** The secret itself is refused: the request must prove that it knows it. */
  readonly requireProof: boolean;
  /** From which keys of devices are derived; undefined when the profile has none. */
  readonly groupKey: Uint8Array | undefined;
}

export interface ProvisionProfiles {
  /** The profile with this key, whatever its strategy. Best from memory: it is asked for every request. */
  findByProvisionKey(key: string): ProvisionProfile | undefined | Promise<ProvisionProfile | undefined>;
}

/** `read` throws AppError `not_found` for a device without credentials. */
export type ProvisionCredentials = Pick<DeviceCredentialsStore, 'read' | 'set' | 'rotate'>;

/** The part of a pino logger that is needed here. */
export interface ProvisionLog {
  warn(detail: object, message: string): void;
}
