import { Addresses } from '#contract/addresses.ts';
import { AppError } from '../errors.ts';
import type { PlatformApi } from '../http/platform-api.ts';
import { addressesPolicy } from './policy.ts';

export interface AddressesRoutesDeps {
  /** Undefined until the listeners are open. */
  addresses(): Addresses | undefined;
}

export function registerAddressesRoutes(api: PlatformApi, deps: AddressesRoutesDeps): void {
  api.get(
    '/v1/addresses',
    {
      config: { access: addressesPolicy.read },
      schema: {
        tags: ['overview'],
        summary: 'Where devices find this server',
        response: { 200: Addresses },
      },
    },
    async () => {
      const addresses = deps.addresses();
      if (addresses === undefined) throw new AppError('overloaded', 'Gapura is still opening its ports.');
      return addresses;
    },
  );
}
