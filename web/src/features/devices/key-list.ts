/** Telemetry keys in an address, as the API writes them: joined by commas, a comma within a key is `\,`, a backslash `\\`. */

export const joinKeys = (keys: readonly string[]): string =>
  keys.map((key) => key.replaceAll(/[\\,]/g, '\\$&')).join(',');

export const splitKeys = (text: string): string[] =>
  Array.from(text.matchAll(/(?:\\.|[^\\,])+/gs), ([part]) => part.replaceAll(/\\(.)/gs, '$1'));
