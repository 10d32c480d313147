import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gather, readTar, TarError, tarEnd, tarHeader, tarPadding } from './tar.ts';

interface File {
  readonly name: string;
  readonly content: Uint8Array;
}

function archiveOf(files: readonly File[]): Buffer {
  const parts = files.flatMap(({ name, content }) => [
    tarHeader({ name, sizeBytes: content.length }, Date.UTC(2026, 0, 1)),
    content,
    tarPadding(content.length),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

async function* inParts(bytes: Uint8Array, partBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
}

async function read(bytes: Uint8Array, partBytes = 700): Promise<File[]> {
  const files: File[] = [];
  await readTar(inParts(bytes, partBytes), async ({ name }, content) => {
    files.push({ name, content: await gather(content) });
  });
  return files;
}

test('what is written is read again, however the bytes arrive', async () => {
  const file = fc.record({
    name: fc.stringMatching(/^[a-z/.]{1,100}$/),
    content: fc.uint8Array({ maxLength: 3000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(file, { maxLength: 4 }), fc.integer({ min: 1, max: 2000 }), async (files, partBytes) => {
      const again = await read(archiveOf(files), partBytes);
      expect(again.map(({ name, content }) => [name, Buffer.from(content)])).toEqual(
        files.map(({ name, content }) => [name, Buffer.from(content)]),
      );
    }),
    { numRuns: 50 },
  );
});

test('content that nobody consumes is skipped', async () => {
  const files = [
    { name: 'a', content: Buffer.alloc(5000, 1) },
    { name: 'b', content: Buffer.from('b') },
  ];
  const names: string[] = [];
  await readTar(inParts(archiveOf(files), 600), async ({ name }, content) => {
    names.push(name);
    for await (const _ of content) break;
  });
  expect(names).toEqual(['a', 'b']);
});

test('the tar of the system unpacks what is written, and what it packs is read', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gapura-tar-'));
  try {
    writeFileSync(join(directory, 'x.tar'), archiveOf([{ name: 'tls/ca.pem', content: Buffer.from('pem') }]));
    execFileSync('tar', ['xf', 'x.tar'], { cwd: directory });
    expect(readFileSync(join(directory, 'tls/ca.pem'), 'utf8')).toBe('pem');
    execFileSync('tar', ['cf', 'y.tar', '--format=ustar', 'tls/ca.pem'], { cwd: directory });
    expect(await read(readFileSync(join(directory, 'y.tar')))).toEqual([
      { name: 'tls/ca.pem', content: Buffer.from('pem') },
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('sizes beyond eleven octal digits are kept', async () => {
  const sizeBytes = 9 * 1024 ** 3;
  const header = tarHeader({ name: 'large', sizeBytes }, 0);
  let seen = 0;
  const reading = readTar(inParts(header, 512), async (entry) => {
    seen = entry.sizeBytes;
  });
  await expect(reading).rejects.toThrow(TarError);
  expect(seen).toBe(sizeBytes);
});

test('an archive that is cut off or has a damaged header is refused', async () => {
  const whole = archiveOf([{ name: 'a', content: Buffer.alloc(1000, 1) }]);
  for (const length of [0, 100, 512, 900, 1536, 2047]) {
    await expect(read(whole.subarray(0, length))).rejects.toThrow(TarError);
  }
  const damaged = Buffer.from(whole);
  damaged[3] = 0xff;
  await expect(read(damaged)).rejects.toThrow('wrong checksum');
});

test('an archive that goes on behind its end is not read for ever', async () => {
  let given = 0;
  async function* bomb(): AsyncGenerator<Uint8Array> {
    yield tarEnd;
    for (; given < 1000; given++) yield Buffer.alloc(65_536);
  }
  await expect(readTar(bomb(), async () => {})).rejects.toThrow('goes on behind its end');
  expect(given).toBeLessThan(100);
});

test('links and other things that are no files are refused', async () => {
  const header = tarHeader({ name: 'link', sizeBytes: 0 }, 0);
  header.write('2', 156);
  // The sum of the header again, so that only the type is wrong.
  header.fill(' ', 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  await expect(read(Buffer.concat([header, tarEnd]))).rejects.toThrow('something else than files');
});
