/** Pieces that several nouns of the platform API share. */
import { type Static, type TSchema, Type } from 'typebox';

/** UUIDv7 as a string. */
export const Id = Type.String({ format: 'uuid' });

/** Milliseconds since 1970-01-01T00:00:00Z. */
export const TimestampMs = Type.Integer({ minimum: 0, description: 'Milliseconds since the Unix epoch' });

export const IdParams = Type.Object({ id: Id });

/** Pattern of a text in one line: no control characters or line separators (they forge log lines), no half characters. */
export const linePattern = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ud800-\\udfff]*$';
/** The same, and not blank. */
export const namePattern = `^(?=.*\\S)${linePattern.slice(1)}`;

/** Roles, strongest first. Each may do all that the ones after it may. */
export const roles = ['owner', 'admin', 'operator', 'viewer'] as const;
export const Role = Type.Enum(roles, { description: 'owner > admin > operator > viewer' });
export type Role = (typeof roles)[number];

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Query of a list: an opaque `cursor` from the page before, and how many at most. */
export const PageQuery = Type.Object({
  cursor: Type.Optional(Type.String({ maxLength: 1024 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 50 })),
});
export type PageQuery = Static<typeof PageQuery>;

/** A page of a list. `nextCursor` is null on the last page. */
export function Page<T extends TSchema>(item: T) {
  return Type.Object({ items: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) });
}
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}
