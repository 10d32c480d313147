/**
 * The largest batch. With the widest table (16 columns) it stays far below SQLite's 32,766 parameters per statement,
 * and beyond it a row gets no cheaper.
 */
const largestBatch = 128;

/**
 * Cuts rows into batches whose lengths are powers of two. A multi-row statement has one text per number of rows, and
 * each text is compiled and kept: this way there are 8 texts, whatever sizes arrive.
 */
export function* inBatches<T>(rows: readonly T[]): Generator<readonly T[]> {
  let from = 0;
  let size = largestBatch;
  while (from < rows.length) {
    while (size > rows.length - from) size /= 2;
    yield rows.slice(from, from + size);
    from += size;
  }
}
