/** What is told of the certificates of the TLS listeners. */
import { X509Certificate } from 'node:crypto';
import type { Certificate } from '#contract/certificates.ts';

const pemPattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificate of the server, and what clients trust (the same when it signed itself). */
export function describeCertificates(pems: { readonly certPem: string; readonly caPem: string }): Certificate[] {
  const [server] = certificatesIn(pems.certPem);
  const authorities = certificatesIn(pems.caPem).filter(
    (authority) => authority.fingerprint256 !== server?.fingerprint256,
  );
  return [
    ...(server === undefined ? [] : [describe(server, 'server')]),
    ...authorities.map((authority) => describe(authority, 'authority')),
  ];
}

function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(pemPattern) ?? []).map((each) => new X509Certificate(each));
}

function describe(certificate: X509Certificate, role: Certificate['role']): Certificate {
  return {
    role,
    // Node writes one attribute on each line.
    subject: certificate.subject?.replaceAll('\n', ', ') ?? '',
    issuer: certificate.issuer?.replaceAll('\n', ', ') ?? '',
    names: (certificate.subjectAltName ?? '')
      .split(', ')
      .map((name) => name.replace(/^(DNS|IP Address):/, ''))
      .filter((name) => name !== ''),
    serialNumber: certificate.serialNumber,
    fingerprintSha256: certificate.fingerprint256,
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
  };
}
