/** The 128 bits of a UUID as 22 characters of base64url: what tokens carry, where each character costs a third more. */

const uuidForm = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** The last character holds two bits. */
const shortForm = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/** @returns 22 characters; a text that is no UUID as it is */
export function toShortId(id: string): string {
  return uuidForm.test(id) ? Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url') : id;
}

/** @returns the UUID of either form, in small letters; undefined when the text is neither */
export function toUuid(id: string): string | undefined {
  if (uuidForm.test(id)) return id.toLowerCase();
  if (!shortForm.test(id)) return undefined;
  const hex = Buffer.from(id, 'base64url').toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
