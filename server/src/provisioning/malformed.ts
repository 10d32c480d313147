/** A request that cannot be read; `malformed` is for the developer of the device and holds nothing of the request. */
export interface Malformed {
  readonly malformed: string;
}

export function malformed(message: string): Malformed {
  return { malformed: message };
}
