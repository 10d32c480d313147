import type { Certificate, Certificates } from '#contract/certificates.ts';
import type { Requester } from './requester.ts';

/** The certificates of the TLS listeners. */
export interface CertificatesClient {
  /** The one of the server first, then those that clients trust. */
  list(signal?: AbortSignal): Promise<Certificate[]>;
}

export function createCertificatesClient({ json }: Requester): CertificatesClient {
  return {
    async list(signal) {
      return (await json<Certificates>('GET', '/v1/certificates', { signal })).certificates;
    },
  };
}
