/** Blocks into one: series by series, without what was deleted; of points of one time the one that was stored last. */
import { BlockBuilder, chunkPointsLimit } from './block-builder.ts';
import type { Block, Chunk, DayFile } from './day-file.ts';
import type { DayFiles } from './day-files.ts';
import type { Hidden } from './hidden.ts';
import { Points } from './points.ts';
import type { Steps } from './steps.ts';

/** Points decoded and encoded between two turns of the others: about a millisecond. */
const pointsPerStep = 5000;
const chunksPerStep = 400;

/** A block in a file that is rewritten is not larger: its pages are counted in 32 bits. */
const blockBytesLimit = 2 ** 30;

/** Chunks of a block in the order of series and time, a page at a time. */
class Cursor {
  readonly #file: DayFile;
  readonly #block: Block;
  #chunks: readonly Chunk[] = [];
  #page = 0;
  #at = 0;

  constructor(file: DayFile, block: Block) {
    this.#file = file;
    this.#block = block;
  }

  peek(): Chunk | undefined {
    while (this.#at >= this.#chunks.length) {
      const directory = this.#file.directory(this.#block);
      if (directory === undefined || this.#page >= directory.length) return undefined;
      this.#chunks = this.#file.page(this.#block, directory, this.#page++);
      this.#at = 0;
    }
    return this.#chunks[this.#at];
  }

  next(): void {
    this.#at++;
  }
}

/** Hands everything of the blocks to builders. @param builder asked for each series */
function* mergeInto(file: DayFile, blocks: readonly Block[], hidden: Hidden, builder: () => BlockBuilder): Steps<void> {
  const cursors = blocks.map((block) => new Cursor(file, block));
  const points = new Points();
  /** Columns that are not in use: making new ones for every chunk costs more than merging. */
  const spare: Points[] = [];
  let work = 0;
  for (;;) {
    let series = Infinity;
    for (const cursor of cursors) series = Math.min(series, cursor.peek()?.series ?? Infinity);
    if (series === Infinity) return;
    const chunks: Chunk[] = [];
    for (const cursor of cursors) {
      for (let chunk = cursor.peek(); chunk?.series === series; chunk = cursor.peek()) {
        if (hidden.of(chunk) !== 'all') chunks.push(chunk);
        cursor.next();
      }
    }
    const [only] = chunks;
    if (only !== undefined && chunks.length === 1 && hidden.of(only) === 'nothing') {
      builder().addEncoded(only, only.page);
    } else if (only !== undefined) {
      points.clear();
      yield* mergeSeries(file, series, chunks, hidden, points, builder(), spare);
    }
    work += chunks.reduce((sum, { count }) => sum + count, 0) + (chunks.length * pointsPerStep) / chunksPerStep;
    if (work >= pointsPerStep) {
      work = 0;
      yield;
    }
  }
}

/** The points of one chunk that are not written yet. */
interface Part {
  /** Of storing: of points of one time the one with the greatest order stays. */
  readonly order: number;
  readonly points: Points;
  from: number;
}

function* mergeSeries(
  file: DayFile,
  series: number,
  chunks: readonly Chunk[],
  hidden: Hidden,
  points: Points,
  builder: BlockBuilder,
  spare: Points[],
): Steps<void> {
  const sorted = chunks.map((chunk, order) => ({ chunk, order })).sort((a, b) => a.chunk.firstMs - b.chunk.firstMs);
  let parts: Part[] = [];
  let loaded = 0;
  for (const [i, { chunk, order }] of sorted.entries()) {
    const part: Part = { order, points: spare.pop() ?? new Points(chunk.count), from: 0 };
    part.points.clear();
    hidden.load(file, chunk, part.points);
    parts.push(part);
    loaded += part.points.length;
    // What comes later than the next chunk begins is not certain yet.
    const nextMs = sorted[i + 1]?.chunk.firstMs ?? Infinity;
    if (nextMs !== Infinity && loaded < chunkPointsLimit) continue;
    points.clear();
    for (const one of parts.sort((a, b) => a.order - b.order)) {
      const start = one.from;
      while (one.from < one.points.length && (one.points.ts[one.from] ?? 0) < nextMs) one.from++;
      points.append(one.points, start, one.from);
    }
    points.settle();
    builder.add(series, points, 0, points.length);
    for (const one of parts) if (one.from === one.points.length) spare.push(one.points);
    parts = parts.filter((one) => one.from < one.points.length);
    if (loaded > chunkPointsLimit / 2) yield;
    loaded = 0;
  }
}

/** Merges blocks that stand next to each other into one at the end of their file. */
export function* mergeBlocks(file: DayFile, blocks: readonly Block[], hidden: Hidden): Steps<void> {
  const builder = new BlockBuilder(file.day);
  yield* mergeInto(file, blocks, hidden, () => builder);
  yield* file.append(builder, uptoOf(blocks), blocks);
}

/** Makes the file of a day anew, with one block of all that is there and is not deleted. */
export function* rewriteDay(days: DayFiles, file: DayFile, hidden: Hidden): Steps<void> {
  const blocks = file.blocks;
  const made = days.temporary(file.day, file.fileId);
  // Its descriptor is not to be closed to make room for others.
  made.appending = new Promise(() => {});
  try {
    let at = made.sizeBytes;
    let number = blocks[0]?.firstNumber ?? 1;
    let builder = new BlockBuilder(file.day);
    const close = (isLast: boolean): void => {
      const lastNumber = isLast ? (blocks.at(-1)?.lastNumber ?? number) : number;
      const place = { uptoSegment: uptoOf(blocks), firstNumber: number, lastNumber };
      const info = builder.finish(place, made.fileId);
      at = made.writePart(at, builder.take());
      made.placed(info);
      number++;
    };
    const steps = mergeInto(file, blocks, hidden, () => {
      // Only as many blocks as were there: each needs a number of its own.
      if (builder.sizeBytes >= blockBytesLimit && number < (blocks.at(-1)?.firstNumber ?? 0)) {
        close(false);
        builder = new BlockBuilder(file.day);
      }
      return builder;
    });
    for (let next = steps.next(); !next.done; next = steps.next()) {
      at = made.writePart(at, builder.take());
      yield next.value;
    }
    if (builder.points > 0 || made.blocks.length > 0) close(true);
    // What was sealed meanwhile is taken over as it is.
    let copied = blocks.at(-1)?.lastNumber ?? 0;
    for (;;) {
      yield* days.settled(file);
      const added = file.blocks.filter((block) => block.firstNumber > copied);
      if (added.length > 0) {
        yield* made.copyBlocks(file, added);
        copied = added.at(-1)?.lastNumber ?? copied;
        continue;
      }
      if (made.blocks.length === 0) {
        made.close();
        days.discard(made);
        days.remove(file);
        return;
      }
      yield made.sync();
      if (file.appending === undefined && file.blocks.every((block) => block.lastNumber <= copied)) break;
    }
    yield* days.replace(file, made);
  } catch (error) {
    made.close();
    days.discard(made);
    throw error;
  }
}

function uptoOf(blocks: readonly Block[]): number {
  return Math.max(0, ...blocks.map((block) => block.uptoSegment));
}
