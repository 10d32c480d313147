/** `POST /v1/devices/import`: a CSV file as the body, a summary or a stream of NDJSON lines as the answer. */
import { type Static, Type } from 'typebox';
import { Id } from './common.ts';
import { Credentials } from './credentials.ts';

/** Columns by name, any case; `attr.<key>` and `shared.<key>` besides. Only `name` is needed. */
export const importColumns = [
  'name',
  'profile',
  'label',
  'description',
  'gateway',
  'credentialsType',
  'token',
  'clientId',
  'userName',
  'password',
] as const;
export type ImportColumn = (typeof importColumns)[number];

const flag = (description: string) => Type.Optional(Type.Boolean({ default: false, description }));

export const ImportQuery = Type.Object(
  {
    dryRun: flag('Check everything and change nothing'),
    header: Type.Optional(
      Type.Boolean({ description: 'Whether the first line names the columns; found out when left out' }),
    ),
    map: Type.Optional(
      Type.String({
        maxLength: 4000,
        description:
          'Which column of the file is which, when they have other names: `name:MAC,label:Site`. In a file without header the columns are numbered: `name:1,label:3`',
      }),
    ),
    profile: Type.Optional(Type.String({ maxLength: 255, description: 'Name of the profile for rows that name none' })),
    profileId: Type.Optional(Id),
    existing: Type.Optional(
      Type.Union([Type.Literal('skip'), Type.Literal('update')], {
        default: 'skip',
        description: 'What to do with a device that is there already: nothing, or write label, description, attributes',
      }),
    ),
    credentials: flag('Tell the credentials of new devices; only with `Accept: application/x-ndjson`'),
  },
  { additionalProperties: false },
);
export type ImportQuery = Static<typeof ImportQuery>;

export const importRowCodes = [
  'invalid_line',
  'invalid_name',
  'duplicate_name',
  'invalid_value',
  'invalid_credentials',
  'duplicate_credentials',
  'credentials_taken',
  'invalid_attributes',
  'profile_not_found',
  'name_taken',
  'not_found',
] as const;
export type ImportRowCode = (typeof importRowCodes)[number];

/** A row that was left out. `line` counts from 1, as in an editor. */
export const ImportRowError = Type.Object({
  line: Type.Integer(),
  column: Type.Optional(Type.String()),
  code: Type.Enum(importRowCodes),
  reason: Type.String({ description: 'One sentence for people' }),
  name: Type.Optional(Type.String({ description: 'Of the device, as it stands in the file' })),
});
export type ImportRowError = Static<typeof ImportRowError>;

const counts = {
  /** Rows read so far: the sum of the other four. */
  rows: Type.Integer(),
  created: Type.Integer({ description: 'In a dry run: would be created' }),
  unchanged: Type.Integer(),
  updated: Type.Integer(),
  failed: Type.Integer(),
};
export const ImportCounts = Type.Object(counts);
export type ImportCounts = Static<typeof ImportCounts>;

const conclusion = {
  dryRun: Type.Boolean(),
  ...counts,
  ignoredColumns: Type.Array(Type.String(), { description: 'Columns of the file that mean nothing to Gapura' }),
  stopped: Type.Union([Type.Object({ code: Type.String(), reason: Type.String() }), Type.Null()], {
    description: 'Why the end of the file was not reached; what was counted before stands',
  }),
};

export const ImportSummary = Type.Object({
  ...conclusion,
  errors: Type.Array(ImportRowError, { description: 'The first 1000' }),
  errorsTruncated: Type.Boolean(),
});
export type ImportSummary = Static<typeof ImportSummary>;

/** One line of the NDJSON answer. The last line is the `summary`; an answer without one was cut off. */
export const ImportEvent = Type.Union([
  Type.Object({ type: Type.Literal('progress'), ...counts }),
  Type.Object({ type: Type.Literal('error'), ...ImportRowError.properties }),
  Type.Object({
    type: Type.Literal('credentials'),
    line: Type.Integer(),
    name: Type.String(),
    deviceId: Id,
    credentials: Credentials,
  }),
  Type.Object({ type: Type.Literal('summary'), ...conclusion }),
]);
export type ImportEvent = Static<typeof ImportEvent>;
