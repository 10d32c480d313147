/**
 * The certificates of the TLS listeners: the operator's own files, or a server certificate by an own certificate
 * authority that is made at first start, so that TLS works from the first minute.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '../errors.ts';
import type { Sealer } from '../lib/seal.ts';
import { writeFileAtomically } from '../lib/write-file-atomically.ts';

export interface Certificates {
  /** What a client has to trust; served at `/ca.pem`. */
  readonly caPem: string;
  /** The server certificate, with its chain when it has one. */
  readonly certPem: string;
  readonly keyPem: string;
}

export interface CertificatesDeps {
  /** Folder for certificates and keys; made when it is missing. */
  readonly directory: string;
  /** Seals the private key of the certificate authority. */
  readonly sealer: Sealer;
  /** DNS names and addresses that the server certificate has to cover. */
  readonly names: readonly string[];
  /** Files of the operator, instead of own certificates. */
  readonly own?: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly nowMs: number;
  /** Told in one sentence what was made or renewed. */
  info(message: string): void;
}

const dayMs = 86_400_000;
const authorityDays = 3650;
/** With the day of grace 825 days, the longest that all clients accept (Apple refuses more). */
const serverDays = 824;
const renewBeforeDays = 30;
const authorityKeyContext = 'tls:certificate-authority-key';

/** @throws StartupError when files are missing, broken or do not belong together */
export async function ensureCertificates(deps: CertificatesDeps): Promise<Certificates> {
  if (deps.own !== undefined) return readOwnCertificate(deps.own, deps.nowMs);
  mkdirSync(deps.directory, { recursive: true, mode: 0o700 });
  const file = {
    authority: join(deps.directory, 'ca.pem'),
    authorityKey: join(deps.directory, 'ca.key.sealed'),
    server: join(deps.directory, 'server.pem'),
    serverKey: join(deps.directory, 'server.key'),
  };
  const validity = (days: number, notLaterThan = Number.POSITIVE_INFINITY) => ({
    // A day of grace for devices whose clocks are behind.
    notBefore: new Date(deps.nowMs - dayMs),
    notAfter: new Date(Math.min(deps.nowMs + days * dayMs, notLaterThan)),
  });

  let caPem = readIfThere(file.authority);
  if (caPem === undefined) {
    const { issueAuthority } = await import('./issue.ts');
    // The year in the name tells two authorities apart in a list of trusted ones.
    const authority = await issueAuthority(
      `Gapura authority ${new Date(deps.nowMs).getUTCFullYear()}`,
      validity(authorityDays),
    );
    writeFileAtomically(file.authorityKey, deps.sealer.seal(authority.keyPem, authorityKeyContext), 0o600);
    writeFileAtomically(file.authority, authority.certPem, 0o644);
    caPem = authority.certPem;
    deps.info('Made a certificate authority; clients find it at /ca.pem.');
  }

  const authority = parseCertificate(caPem, file.authority);
  const certPem = readIfThere(file.server);
  const keyPem = readIfThere(file.serverKey);
  if (certPem !== undefined && keyPem !== undefined) {
    const server = parseCertificate(certPem, file.server);
    if (isGood(server, authority, deps) && belongsTo(keyPem, server)) return { caPem, certPem, keyPem };
  }

  const authorityKey = openAuthorityKey(file.authorityKey, deps.sealer);
  const { issueServer } = await import('./issue.ts');
  const issued = await issueServer(
    { certPem: caPem, keyPem: authorityKey },
    deps.names,
    validity(serverDays, Date.parse(authority.validTo)),
  );
  writeFileAtomically(file.serverKey, issued.keyPem, 0o600);
  writeFileAtomically(file.server, issued.certPem, 0o644);
  deps.info(`Made a server certificate for ${deps.names.join(', ')}.`);
  return { caPem, ...issued };
}

/** Whether a kept server certificate still serves: by this authority, for all names, and for a while. */
function isGood(server: X509Certificate, authority: X509Certificate, deps: CertificatesDeps): boolean {
  const enough = Date.parse(server.validTo) - deps.nowMs >= renewBeforeDays * dayMs;
  // Near the end of the authority a new certificate would last no longer.
  const asLongAsPossible = server.validTo === authority.validTo;
  const covered = coveredNames(server);
  return (
    (enough || asLongAsPossible) &&
    Date.parse(server.validFrom) <= deps.nowMs &&
    server.checkIssued(authority) &&
    server.verify(authority.publicKey) &&
    deps.names.every((name) => covered.has(canonical(name)))
  );
}

/** DNS names and addresses of a certificate. Node writes them as `DNS:a, IP Address:b`. */
function coveredNames(certificate: X509Certificate): Set<string> {
  const parts = (certificate.subjectAltName ?? '').split(', ');
  return new Set(parts.map((part) => canonical(part.replace(/^(DNS|IP Address):/, ''))));
}

/** One spelling for each name: `::1` is also written `0:0:0:0:0:0:0:1`. */
function canonical(name: string): string {
  if (!name.includes(':')) return name.toLowerCase();
  return new URL(`http://[${name}]`).hostname;
}

function openAuthorityKey(path: string, sealer: Sealer): string {
  try {
    return sealer.open(readFileSync(path), authorityKeyContext);
  } catch (error) {
    throw new StartupError(
      `The key of the certificate authority (${path}) is missing or does not open under the master key. Put it back from a backup, or move the folder away: a new authority is made then, which clients have to trust anew.`,
      { cause: error },
    );
  }
}

function readOwnCertificate(own: { certFile: string; keyFile: string }, nowMs: number): Certificates {
  const read = (path: string, setting: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw new StartupError(`${setting}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
    }
  };
  const certPem = read(own.certFile, 'GAPURA_TLS_CERT');
  const keyPem = read(own.keyFile, 'GAPURA_TLS_KEY');
  const chain = certPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const [leafPem, ...issuers] = chain;
  const leaf = parseCertificate(leafPem ?? '', `GAPURA_TLS_CERT (${own.certFile})`);
  if (!belongsTo(keyPem, leaf)) {
    throw new StartupError(
      `GAPURA_TLS_KEY (${own.keyFile}) is not the private key, without passphrase, of GAPURA_TLS_CERT.`,
    );
  }
  if (Date.parse(leaf.validTo) <= nowMs) {
    throw new StartupError(`GAPURA_TLS_CERT (${own.certFile}) expired at ${leaf.validTo}. Put a renewed one there.`);
  }
  // A certificate that signed itself is its own anchor; else its issuers are what a client may trust.
  return { caPem: issuers.length > 0 ? `${issuers.join('\n')}\n` : `${leafPem}\n`, certPem, keyPem };
}

function belongsTo(keyPem: string, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

function parseCertificate(pem: string, where: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new StartupError(`${where} is no certificate in PEM. Put the right file back, or move it away.`, {
      cause: error,
    });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StartupError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}
