/** The certificates of the TLS listeners: what a client sees, and until when. Never a key. */
import { type Static, Type } from 'typebox';
import { TimestampMs } from './common.ts';

export const Certificate = Type.Object({
  role: Type.Union([Type.Literal('server'), Type.Literal('authority')]),
  subject: Type.String(),
  issuer: Type.String(),
  names: Type.Array(Type.String(), { description: 'DNS names and addresses that it covers' }),
  serialNumber: Type.String(),
  fingerprintSha256: Type.String({ description: 'As `openssl x509 -fingerprint -sha256` writes it' }),
  validFrom: TimestampMs,
  validTo: TimestampMs,
});
export type Certificate = Static<typeof Certificate>;

export const Certificates = Type.Object({
  certificates: Type.Array(Certificate, { description: 'The one of the server first, then those that clients trust' }),
});
export type Certificates = Static<typeof Certificates>;
