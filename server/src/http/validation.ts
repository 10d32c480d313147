import { Ajv } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import { faultOfLine } from '../lib/text-rules.ts';

const formats = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  // Deliberately loose: a local part, an @, a domain; the address proves itself when mail arrives.
  email: (text: string): boolean => /^[^\s@]{1,64}@[^\s@]{1,190}$/.test(text) && faultOfLine(text) === undefined,
};

/**
 * Bodies are taken as they are (`"1"` is no number, unknown members are refused); query strings and path parameters
 * are texts on the wire, so those are converted to the type of their schema.
 */
export function createValidatorCompiler(): FastifySchemaCompiler<object> {
  const shared = { removeAdditional: false as const, useDefaults: true, allErrors: false, formats, strict: false };
  const strict = new Ajv({ ...shared, coerceTypes: false });
  const coercing = new Ajv({ ...shared, coerceTypes: 'array' });
  return ({ schema, httpPart }) => (httpPart === 'body' ? strict : coercing).compile(schema);
}
