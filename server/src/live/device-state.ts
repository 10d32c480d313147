import type { AttributeScope, SharedPoint } from './updates.ts';

export const attributeScopes = ['client', 'shared', 'server'] as const satisfies readonly AttributeScope[];

/** What a snapshot says of one device; topics that were not asked for are absent. */
export interface DeviceState {
  telemetry?: ReadonlyMap<string, SharedPoint>;
  /** Values as JSON. */
  attributes?: Readonly<Record<AttributeScope, ReadonlyMap<string, string>>>;
  /** Members as JSON, without braces. */
  activity?: string;
}

/** The device as a member of the snapshot: `"<id>":{…}`. */
export function deviceStateToJson(deviceId: string, { telemetry, attributes, activity }: DeviceState): string {
  const members: string[] = [];
  if (telemetry !== undefined) {
    const points = [...telemetry.values()].map(
      (point) => `${JSON.stringify(point.key)}:{"ts":${point.ts},"value":${point.valueText}}`,
    );
    members.push(`"telemetry":{${points.join(',')}}`);
  }
  if (attributes !== undefined) {
    const scopes = attributeScopes.map((scope) => `"${scope}":${valuesToJson(attributes[scope])}`);
    members.push(`"attributes":{${scopes.join(',')}}`);
  }
  if (activity !== undefined) members.push(`"activity":{${activity}}`);
  return `${JSON.stringify(deviceId)}:{${members.join(',')}}`;
}

export function valuesToJson(values: Iterable<readonly [string, string]>): string {
  return `{${Array.from(values, ([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`;
}
