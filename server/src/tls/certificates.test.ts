import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSealer } from '../lib/seal.ts';
import { certificateNames } from './certificate-names.ts';
import { type Certificates, type CertificatesDeps, ensureCertificates } from './certificates.ts';

let directory: string;
const sealer = createSealer(Buffer.alloc(32, 7));
const dayMs = 86_400_000;
const now = Date.now();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-tls-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const ensure = (deps: Partial<CertificatesDeps> = {}) =>
  ensureCertificates({
    directory: join(directory, 'tls'),
    sealer,
    names: ['localhost', '127.0.0.1', '::1', 'gate.example'],
    nowMs: now,
    info: () => {},
    ...deps,
  });

/** Connects over TLS to a server with these certificates; rejects when the client does not trust it. */
async function connect(certificates: Certificates, servername: string, ca = certificates.caPem): Promise<string> {
  const server = tls.createServer({ cert: certificates.certPem, key: certificates.keyPem }, (socket) =>
    socket.end('in'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    // An IP address is no SNI name (RFC 6066 §3); the host is what is verified then.
    const name = /^[\d.]+$/.test(servername) ? {} : { servername };
    const socket = tls.connect({ host: '127.0.0.1', port, ca, ...name });
    await once(socket, 'secureConnect');
    const [data] = await once(socket, 'data');
    socket.destroy();
    return String(data);
  } finally {
    server.close();
  }
}

test('a client that trusts the authority connects under each name and verifies it', async () => {
  const certificates = await ensure();
  for (const name of ['localhost', '127.0.0.1', 'gate.example']) {
    expect(await connect(certificates, name)).toBe('in');
  }
  await expect(connect(certificates, 'other.example')).rejects.toThrow(/does not match certificate's altnames/);
});

test('a client that trusts another authority refuses', async () => {
  const certificates = await ensure();
  const other = await ensure({ directory: join(directory, 'other') });
  await expect(connect(certificates, 'localhost', other.caPem)).rejects.toThrow();
});

test('authority and certificate have P-256 keys, their uses, and the promised lengths', async () => {
  const { caPem, certPem } = await ensure();
  const ca = new X509Certificate(caPem);
  const server = new X509Certificate(certPem);
  expect([ca.publicKey, server.publicKey].map((key) => key.asymmetricKeyDetails?.namedCurve)).toEqual([
    'prime256v1',
    'prime256v1',
  ]);
  expect([ca.ca, server.ca]).toEqual([true, false]);
  expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  const days = (certificate: X509Certificate) => Math.round((Date.parse(certificate.validTo) - now) / dayMs);
  expect([days(ca), days(server)]).toEqual([3650, 824]);
});

test('the next start keeps everything', async () => {
  expect(await ensure()).toEqual(await ensure());
});

test('the server certificate is renewed when less than 30 days are left, the authority stays', async () => {
  const first = await ensure();
  expect(await ensure({ nowMs: now + 793 * dayMs })).toEqual(first);
  const renewed = await ensure({ nowMs: now + 796 * dayMs });
  expect(renewed.certPem).not.toBe(first.certPem);
  expect(renewed.caPem).toBe(first.caPem);
});

test('a new name of the machine makes a new server certificate, one that went does not', async () => {
  const first = await ensure();
  expect(await ensure({ names: ['localhost', '0:0:0:0:0:0:0:1'] })).toEqual(first);
  const second = await ensure({ names: ['localhost', '192.168.7.7'] });
  expect(second.certPem).not.toBe(first.certPem);
  expect(new X509Certificate(second.certPem).subjectAltName).toContain('192.168.7.7');
});

test('near its end the authority gives certificates that end with it, and only one of them', async () => {
  await ensure();
  const late = { nowMs: now + 3640 * dayMs };
  const last = await ensure(late);
  expect(new X509Certificate(last.certPem).validTo).toBe(new X509Certificate(last.caPem).validTo);
  expect(await ensure(late)).toEqual(last);
});

test.skipIf(process.platform === 'win32')(
  'keys are for this user alone, and the key of the authority is sealed',
  async () => {
    const { caPem } = await ensure();
    for (const name of ['ca.key.sealed', 'server.key']) {
      expect(statSync(join(directory, 'tls', name)).mode & 0o777).toBe(0o600);
    }
    expect(readFileSync(join(directory, 'tls', 'ca.key.sealed'), 'latin1')).not.toContain('PRIVATE KEY');
    await expect(ensure({ sealer: createSealer(Buffer.alloc(32, 8)), names: ['new.example'] })).rejects.toThrow(
      /does not open under the master key/,
    );
    expect((await ensure()).caPem).toBe(caPem);
  },
);

test('files of the operator are served instead', async () => {
  const made = await ensure();
  const own = { certFile: join(directory, 'own.pem'), keyFile: join(directory, 'own.key') };
  writeFileSync(own.certFile, made.certPem + made.caPem);
  writeFileSync(own.keyFile, made.keyPem);
  const served = await ensure({ own, directory: join(directory, 'unused') });
  expect(served.caPem.trim()).toBe(made.caPem.trim());
  expect(await connect(served, 'gate.example')).toBe('in');
});

test('files of the operator that do not fit are refused with the name of the setting', async () => {
  const made = await ensure();
  const other = await ensure({ directory: join(directory, 'other') });
  const own = { certFile: join(directory, 'own.pem'), keyFile: join(directory, 'own.key') };
  await expect(ensure({ own })).rejects.toThrow(/GAPURA_TLS_CERT: .*own\.pem cannot be read \(ENOENT\)/);
  writeFileSync(own.certFile, made.certPem);
  writeFileSync(own.keyFile, other.keyPem);
  await expect(ensure({ own })).rejects.toThrow(/GAPURA_TLS_KEY .* is not the private key/);
  writeFileSync(own.keyFile, made.keyPem);
  await expect(ensure({ own, nowMs: now + 900 * dayMs })).rejects.toThrow(/GAPURA_TLS_CERT .* expired/);
  writeFileSync(own.certFile, 'hello');
  await expect(ensure({ own })).rejects.toThrow(/GAPURA_TLS_CERT .* is no certificate in PEM/);
});

test('the names are those of the settings, of the machine, and of its interfaces', () => {
  const address = (text: string, internal = false) => ({
    address: text,
    internal,
    family: 'IPv4' as const,
    netmask: '',
    mac: '',
    cidr: null,
  });
  const names = certificateNames(['IoT.example'], {
    hostname: 'Pi',
    interfaces: {
      lo: [address('127.0.0.1', true)],
      eth0: [address('192.168.1.5'), address('fe80::1'), address('2001:db8::5')],
    },
  });
  expect(names).toEqual([
    'iot.example',
    'localhost',
    '127.0.0.1',
    '::1',
    'pi',
    'pi.local',
    '192.168.1.5',
    '2001:db8::5',
  ]);
});

test('many interfaces make no endless certificate, and names of the settings are never dropped', () => {
  const interfaces = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [
      `veth${i}`,
      [
        {
          address: `10.0.${i >> 8}.${i & 255}`,
          internal: false,
          family: 'IPv4' as const,
          netmask: '',
          mac: '',
          cidr: null,
        },
      ],
    ]),
  );
  const names = certificateNames(['a.example'], { hostname: 'no host name!', interfaces });
  expect(names).toHaveLength(64);
  expect(names[0]).toBe('a.example');
});
