import { Certificates } from '#contract/certificates.ts';
import type { PlatformApi } from '../http/platform-api.ts';
import { describeCertificates } from './describe.ts';
import { certificatePolicy } from './policy.ts';

/** Adds `GET /v1/certificates`; the authority itself is at `/ca.pem`. */
export function registerCertificateRoutes(
  api: PlatformApi,
  pems: { readonly certPem: string; readonly caPem: string },
): void {
  const certificates = describeCertificates(pems);
  api.get(
    '/v1/certificates',
    {
      config: { access: certificatePolicy.read },
      schema: {
        tags: ['tls'],
        summary: 'The certificates of the TLS listeners, with when they expire',
        response: { 200: Certificates },
      },
    },
    async () => ({ certificates }),
  );
}
