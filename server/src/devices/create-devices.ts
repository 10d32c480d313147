/** The one way in which devices come to be: REST, provisioning and import all end here. */
import type { Json } from '#contract/common.ts';
import type { Credentials, CredentialsType } from '#contract/credentials.ts';

export interface NewDevice {
  readonly tenantId: string;
  readonly profileId: string;
  readonly name: string;
  readonly label?: string;
  readonly description?: string;
  readonly isGateway?: boolean;
  readonly enabled?: boolean;
  /** Given, or of which type to generate. */
  readonly credentials: Credentials | { readonly generate: CredentialsType };
  readonly serverAttributes?: { readonly [key: string]: Json };
  readonly sharedAttributes?: { readonly [key: string]: Json };
}

export type NewDeviceResult =
  | {
      readonly deviceId: string;
      readonly credentialsId: string;
      readonly credentials: Credentials;
    }
  | { readonly refused: 'name_taken' | 'credentials_taken' | 'invalid_credentials_shape' };

export interface DeviceCreator {
  /**
   * Makes all devices, their credentials and attributes in one durable transaction (a few multi-row statements).
   * Refused ones do not disturb the others; of two with one name in the same call the first wins.
   * Publishes `device.created` for each afterwards. Writes no audit entries: the caller knows who asked.
   * @returns one result per request, in order
   */
  createDevices(requests: readonly NewDevice[]): Promise<NewDeviceResult[]>;
}
