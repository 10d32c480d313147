/** Whether a text has the form of a compact JWS, before anything in it is believed (RFC 7515 §7.1). */

/** The longest token of a device has some 350 characters; what is longer is not looked at. */
export const maxTokenChars = 1024;

export interface TokenForm {
  /** What the signature covers: header, dot, payload. */
  readonly signingInput: string;
  readonly header: string;
  readonly payload: string;
  /** Canonical, so that two texts are equal exactly when their bytes are. */
  readonly signature: string;
}

const threeParts = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * @returns the parts; undefined unless there are exactly three, each strict base64url without padding and with canonical
 *   trailing bits: two texts that decode to one token would otherwise be two tokens for what remembers them
 */
export function readForm(token: string): TokenForm | undefined {
  if (token.length > maxTokenChars) return undefined;
  const parts = threeParts.exec(token);
  if (parts === null) return undefined;
  const [, header = '', payload = '', signature = ''] = parts;
  if (!isCanonical(header) || !isCanonical(payload) || !isCanonical(signature)) return undefined;
  return { signingInput: token.slice(0, header.length + 1 + payload.length), header, payload, signature };
}

/** Last characters whose unused bits are zero, by how many of six bits are unused. */
const endsWithFourZeroBits = 'AQgw';
const endsWithTwoZeroBits = 'AEIMQUYcgkosw048';

function isCanonical(part: string): boolean {
  switch (part.length % 4) {
    case 0:
      return true;
    case 2:
      return endsWithFourZeroBits.includes(part.charAt(part.length - 1));
    case 3:
      return endsWithTwoZeroBits.includes(part.charAt(part.length - 1));
    default:
      return false;
  }
}
