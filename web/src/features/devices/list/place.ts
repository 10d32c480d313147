/** Where somebody was in the list, so that the way back from a device leads there. */
import type { DevicesSearch } from '../../../routes/devices.tsx';

let last: DevicesSearch = {};

export function rememberPlace(search: DevicesSearch): void {
  last = search;
}

export const lastPlace = (): DevicesSearch => last;
