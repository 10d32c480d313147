/**
 * The POSIX ustar format (IEEE Std 1003.1, pax), as much of it as a backup needs: regular files with short names. Any
 * `tar` can list and unpack what is written here.
 */

export interface TarEntry {
  /** At most 100 bytes. */
  readonly name: string;
  readonly sizeBytes: number;
}

const blockBytes = 512;
/** `tar` fills its last record with zeros, 10 KiB; a bomb of zeros would unpack for hours. */
const maxTrailingBytes = 1024 * 1024;
/** What eleven octal digits hold; larger sizes are written in base 256, as GNU tar does. */
const octalSizeLimit = 0o77777777777;

/** @param mtimeMs ms since the Unix epoch */
export function tarHeader(entry: TarEntry, mtimeMs: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  if (header.write(entry.name, 0, 100) !== Buffer.byteLength(entry.name)) throw new RangeError('The name is too long.');
  header.write('0000600\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (entry.sizeBytes <= octalSizeLimit) {
    header.write(`${entry.sizeBytes.toString(8).padStart(11, '0')}\0`, 124);
  } else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(entry.sizeBytes), 128);
  }
  header.write(
    `${Math.floor(mtimeMs / 1000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
  );
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** Zeros that fill the last block of an entry. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** The two blocks of zeros that end an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockBytes);

/**
 * Reads an archive.
 * @param onEntry is given each file in turn; what it does not consume of the content is skipped
 * @throws TarError when the bytes are no such archive, or end early
 */
export async function readTar(
  bytes: AsyncIterable<Uint8Array>,
  onEntry: (entry: TarEntry, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const reader = createReader(bytes);
  for (;;) {
    const header = await reader.exactly(blockBytes);
    if (header.every((byte) => byte === 0)) break;
    const entry = parseHeader(header);
    const content = reader.upTo(entry.sizeBytes);
    await onEntry(entry, content);
    for await (const _ of content); // Whatever was left.
    await reader.exactly(tarPadding(entry.sizeBytes).length);
  }
  // To the very end, so that a checksum around the archive (gzip) is verified.
  await reader.rest(maxTrailingBytes);
}

/** All parts in one buffer; only for what is known to be small. */
export async function gather(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}

export class TarError extends Error {
  override readonly name = 'TarError';
}

function parseHeader(header: Buffer): TarEntry {
  const text = (start: number, end: number): string => {
    const zero = header.indexOf(0, start);
    return header.toString('utf8', start, zero === -1 || zero > end ? end : zero);
  };
  const claimed = Number.parseInt(text(148, 156), 8);
  if (claimed !== checksum(header)) throw new TarError('A header has the wrong checksum.');
  const type = text(156, 157);
  if (type !== '0' && type !== '') throw new TarError('The archive holds something else than files.');
  const isBase256 = ((header[124] ?? 0) & 0x80) !== 0;
  const sizeBytes = isBase256 ? Number(header.readBigUInt64BE(128)) : Number.parseInt(text(124, 136).trim(), 8);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw new TarError('A header has no size.');
  return { name: text(0, 100), sizeBytes };
}

/** Sum of all bytes, with the field of the sum itself taken as spaces. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < blockBytes; i++) if (i < 148 || i >= 156) sum += header[i] ?? 0;
  return sum;
}

function createReader(bytes: AsyncIterable<Uint8Array>) {
  const source = bytes[Symbol.asyncIterator]();
  let buffered: Buffer = Buffer.alloc(0);

  /** Some bytes, at most `limit`; undefined at the end. */
  async function some(limit: number): Promise<Buffer | undefined> {
    while (buffered.length === 0) {
      const next = await source.next();
      if (next.done) return undefined;
      buffered = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    const part = buffered.subarray(0, limit);
    buffered = buffered.subarray(part.length);
    return part;
  }

  async function* upTo(sizeBytes: number): AsyncGenerator<Buffer, void, undefined> {
    for (let left = sizeBytes; left > 0; ) {
      const part = await some(left);
      if (part === undefined) throw new TarError('The archive ends in the middle.');
      left -= part.length;
      yield part;
    }
  }

  return {
    /** Content in parts. The loop of the reader may stop early and go on later. */
    upTo(sizeBytes: number): AsyncIterable<Buffer> {
      const parts = upTo(sizeBytes);
      return { [Symbol.asyncIterator]: () => ({ next: () => parts.next() }) };
    },
    /** Only for headers and padding: the bytes are gathered in memory. */
    exactly(sizeBytes: number): Promise<Buffer> {
      return gather(upTo(sizeBytes));
    },
    /** Reads what is left, at most so much. */
    async rest(limitBytes: number): Promise<void> {
      let left = limitBytes;
      for (let part = await some(blockBytes); part !== undefined; part = await some(blockBytes)) {
        left -= part.length;
        if (left < 0) throw new TarError('The archive goes on behind its end.');
      }
    },
  };
}
