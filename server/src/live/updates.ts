/** What happened, in pieces that are put into JSON once and shared by all who are told. */
import type { LiveActivity, LiveTopic } from '#contract/live.ts';
import type { BusMessage } from '../bus/subjects.ts';
import { subjects } from '../bus/subjects.ts';
import type { TelemetryValue } from '../telemetry/store.ts';
import { valueToJson } from '../telemetry/value-text.ts';

export type AttributeScope = 'client' | 'shared' | 'server';

/** A point of a series; its JSON is made when the first subscription sends it. */
export class SharedPoint {
  readonly key: string;
  readonly ts: number;
  readonly #value: TelemetryValue;
  #valueText: string | undefined;
  #text: string | undefined;

  constructor(point: { readonly key: string; readonly ts: number; readonly value: TelemetryValue }) {
    this.key = point.key;
    this.ts = point.ts;
    this.#value = point.value;
  }

  get valueText(): string {
    this.#valueText ??= valueToJson(this.#value);
    return this.#valueText;
  }

  /** `{"key":…,"ts":…,"value":…}` */
  get text(): string {
    this.#text ??= `{"key":${JSON.stringify(this.key)},"ts":${this.ts},"value":${this.valueText}}`;
    return this.#text;
  }
}

/** What was deleted: of these keys, or of all, in [fromTs, toTs), ms. */
export interface Deletion {
  readonly keys: readonly string[] | null;
  readonly fromTs: number;
  readonly toTs: number;
}

export type Update = { readonly deviceId: string } & (
  | { readonly kind: 'telemetry'; readonly points: readonly SharedPoint[] }
  | {
      readonly kind: 'telemetryDeleted';
      readonly deletion: Deletion;
      /** What is the latest of its keys now. */
      readonly points: readonly SharedPoint[];
    }
  /** Value as JSON by key; undefined for a key that was deleted. */
  | {
      readonly kind: 'attributes';
      readonly scope: AttributeScope;
      readonly values: ReadonlyMap<string, string | undefined>;
    }
  /** The members of the state as JSON, without braces. */
  | { readonly kind: 'activity'; readonly members: string }
  | { readonly kind: 'deviceDeleted' }
);

/** @returns undefined for what nobody is told */
export function toUpdate(message: BusMessage): Update | undefined {
  switch (message.kind) {
    case 'telemetry.stored':
      return {
        kind: 'telemetry',
        deviceId: message.deviceId,
        points: message.points.map((point) => new SharedPoint(point)),
      };
    case 'telemetry.deleted': {
      const { deviceId, keys, fromTs, toTs, latest } = message;
      const points = latest.map((point) => new SharedPoint(point));
      return { kind: 'telemetryDeleted', deviceId, deletion: { keys, fromTs, toTs }, points };
    }
    case 'attributes.changed': {
      const values = new Map<string, string | undefined>();
      for (const [key, value] of Object.entries(message.updated)) values.set(key, JSON.stringify(value));
      for (const key of message.deleted) values.set(key, undefined);
      return { kind: 'attributes', deviceId: message.deviceId, scope: message.scope, values };
    }
    case 'device.activity':
      return { kind: 'activity', deviceId: message.deviceId, members: activityMembers(message) };
    case 'device.deleted':
      return { kind: 'deviceDeleted', deviceId: message.deviceId };
    default:
      return undefined;
  }
}

export function activityMembers(activity: LiveActivity): string {
  const { active, lastConnectTime, lastActivityTime, lastDisconnectTime, connection } = activity;
  return `"active":${active},"lastConnectTime":${lastConnectTime},"lastActivityTime":${lastActivityTime},"lastDisconnectTime":${lastDisconnectTime},"connection":${JSON.stringify(connection)}`;
}

/** The bus subjects of what a subscription hears of one device. */
export function subjectsOf(tenantId: string, deviceId: string, topics: ReadonlySet<LiveTopic>): string[] {
  // That the device was deleted is told to everyone.
  return [subjects.device(tenantId, deviceId), ...[...topics].map((topic) => subjects[topic](tenantId, deviceId))];
}
