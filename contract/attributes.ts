/** Attributes of devices: client (what the device says of itself), shared (what it is told), server (what it never sees). */
import { type Static, Type } from 'typebox';
import { Id, TimestampMs } from './common.ts';

export const AttributeScope = Type.Union([Type.Literal('client'), Type.Literal('shared'), Type.Literal('server')]);
export type AttributeScope = Static<typeof AttributeScope>;

export const AttributeParams = Type.Object({ id: Id, scope: AttributeScope });

/** By key, in the order of the keys. */
export const Attributes = Type.Record(
  Type.String(),
  Type.Object({ value: Type.Unknown({ description: 'Any JSON value but null' }), updatedAt: TimestampMs }),
);
export type Attributes = Static<typeof Attributes>;

/** Keys and their new values; others stay. Null is refused: to remove an attribute, DELETE its key. */
export const WriteAttributes = Type.Record(Type.String(), Type.Unknown(), { minProperties: 1, maxProperties: 1000 });
export type WriteAttributes = Static<typeof WriteAttributes>;

/** As much as fits into a request line. */
const keys = Type.String({ minLength: 1, maxLength: 8000, description: 'Keys, joined by commas' });

export const AttributeQuery = Type.Object({ keys: Type.Optional(keys) }, { additionalProperties: false });
export const DeleteAttributesQuery = Type.Object({ keys }, { additionalProperties: false });

/** Which of the keys were there. */
export const DeletedAttributes = Type.Object({ deleted: Type.Array(Type.String()) });
export type DeletedAttributes = Static<typeof DeletedAttributes>;
