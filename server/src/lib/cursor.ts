/** Opaque cursors of list pages: where the page before ended. */

/** @param position the sort values of the last row of a page */
export function encodeCursor(position: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * What `encodeCursor` was given, or undefined when the text is not a cursor of this shape. It comes from outside:
 * nobody has vouched for it.
 * @param shape the type that each value must have, in order
 */
export function decodeCursor(
  cursor: string,
  shape: readonly ('string' | 'number')[],
): readonly (string | number)[] | undefined {
  let position: unknown;
  try {
    position = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(position) || position.length !== shape.length) return undefined;
  return position.every((value, i) => typeof value === shape[i]) ? position : undefined;
}
