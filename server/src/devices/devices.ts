/** Devices as people see and change them. */
import type { CredentialsRequest } from '#contract/credentials.ts';
import type {
  CreateDevice,
  CreatedDevice,
  Device,
  DeviceListQuery,
  DevicePage,
  UpdateDevice,
} from '#contract/devices.ts';
import type { ErrorCode } from '#contract/errors.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import { completeCredentials, faultOfCredentials, showCredentials } from '../credentials/shape.ts';
import { isUniqueViolation } from '../db/open.ts';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { decodeCursor, encodeCursor } from '../lib/cursor.ts';
import { faultOfLine, faultOfName } from '../lib/text-rules.ts';
import type { DeviceActivity } from '../sessions/sessions.ts';
import type { DeviceRef } from '../telemetry/store.ts';
import type { DeviceCreator, NewDeviceRefusal } from './create-devices.ts';
import {
  countDevices,
  type DeviceRow,
  type DeviceSort,
  deleteDevice,
  isNameTaken,
  type ListPosition,
  profileExists,
  selectDevice,
  selectDevices,
  selectExisting,
  selectName,
  sortValue,
  updateDevice,
} from './queries.ts';
import { searchText } from './search-text.ts';

export interface Devices {
  /** @throws AppError `invalid_cursor`, `invalid_request` */
  list(tenantId: string, query: DeviceListQuery): Promise<DevicePage>;
  /** @throws AppError `not_found` */
  get(tenantId: string, id: string): Promise<Device>;
  /** @throws AppError `not_found` */
  nameOf(tenantId: string, id: string): Promise<string>;
  /** Those of the ids (1000 at most) that are devices of the tenant. */
  existing(tenantId: string, ids: readonly string[]): Promise<string[]>;
  /** @throws AppError `name_taken`, `credentials_taken`, `invalid_request`, `not_found` (the profile) */
  create(tenantId: string, request: CreateDevice): Promise<CreatedDevice>;
  /** @throws AppError `not_found` (the device or the profile), `name_taken`, `invalid_request` */
  update(tenantId: string, id: string, changes: UpdateDevice): Promise<Device>;
  /**
   * Deletes a device with its credentials, attributes and telemetry; its sessions close.
   * @returns its name
   * @throws AppError `not_found`
   */
  remove(tenantId: string, id: string): Promise<string>;
}

export interface DevicesDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly creator: DeviceCreator;
  readonly profiles: {
    defaultOf(tenantId: string): Promise<{ readonly id: string }>;
    /** From which keys of the profile's devices are derived; undefined when it has none. */
    groupKeyOf(tenantId: string, profileId: string): Promise<Uint8Array | undefined>;
  };
  /** Of this installation: the `aud` of device tokens. */
  readonly instanceId: string;
  /** What is known of devices, the latest also when it is not yet in the database. */
  activity(tenantId: string, deviceIds: readonly string[]): Promise<Map<string, DeviceActivity>>;
  /** Forgets what other stores hold of a device. */
  onDeviceDeleted?(device: DeviceRef): Promise<void>;
}

export function createDevices(deps: DevicesDeps): Devices {
  const { db, clock, bus } = deps;

  async function toDevices(tenantId: string, rows: readonly DeviceRow[]): Promise<Device[]> {
    const known = await deps.activity(
      tenantId,
      rows.map((row) => row.id),
    );
    return rows.map((row) => toDevice(row, known.get(row.id)));
  }

  async function get(tenantId: string, id: string): Promise<Device> {
    const row = await selectDevice(db, tenantId, id);
    const [device] = row === undefined ? [] : await toDevices(tenantId, [row]);
    if (device === undefined) throw notFound();
    return device;
  }

  /** @throws AppError `invalid_request` */
  async function toCredentials(
    tenantId: string,
    profileId: string,
    deviceName: string,
    asked: CredentialsRequest | undefined,
  ) {
    if (asked === undefined) return { generate: 'ACCESS_TOKEN' } as const;
    const isDerived = asked.type === 'JWT' && asked.derived === true;
    const groupKey = isDerived ? await deps.profiles.groupKeyOf(tenantId, profileId) : undefined;
    const credentials = completeCredentials(asked, { groupKey, deviceName });
    if (typeof credentials === 'string') throw invalid('/body/credentials', credentials);
    const fault = faultOfCredentials(credentials);
    if (fault !== undefined) throw invalid('/body/credentials', fault);
    return credentials;
  }

  return {
    get,

    async nameOf(tenantId, id) {
      const name = await selectName(db, tenantId, id);
      if (name === undefined) throw notFound();
      return name;
    },

    existing: (tenantId, ids) => selectExisting(db, tenantId, ids),

    async list(tenantId, query) {
      const { search, profileId, active, isGateway, sort = 'name', order = 'asc', limit = 50, offset = 0 } = query;
      if (query.cursor !== undefined && offset > 0) {
        throw invalid('/querystring/offset', 'does not go together with `cursor`');
      }
      const after = query.cursor === undefined ? undefined : positionOf(query.cursor, sort, order);
      const filter = { search: search === '' ? undefined : search, profileId, active, isGateway };
      const rows = await selectDevices(db, tenantId, { ...filter, sort, order, after, offset, limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const nextCursor =
        rows.length > limit && last !== undefined ? encodeCursor([sort, order, sortValue(last, sort), last.id]) : null;
      const total = query.withTotal === true ? await countDevices(db, tenantId, filter) : undefined;
      return { items: await toDevices(tenantId, page), nextCursor, ...(total !== undefined && { total }) };
    },

    async create(tenantId, request) {
      const name = cleanName(request.name);
      const label = cleanLabel(request.label ?? '');
      const profileId = request.profileId ?? (await deps.profiles.defaultOf(tenantId)).id;
      const credentials = await toCredentials(tenantId, profileId, name, request.credentials);
      const [result] = await deps.creator.createDevices([
        { ...request, tenantId, profileId, name, label, credentials },
      ]);
      if (result === undefined) throw new AppError('internal_error');
      if ('refused' in result) throw new AppError(...refusals[result.refused]);
      const { deviceId } = result;
      const shown = { deviceId, instance: deps.instanceId, withSecret: true };
      return { ...(await get(tenantId, deviceId)), credentials: showCredentials(result.credentials, shown) };
    },

    async update(tenantId, id, changes) {
      const name = changes.name === undefined ? undefined : cleanName(changes.name);
      const label = changes.label === undefined ? undefined : cleanLabel(changes.label);
      const { description, isGateway, enabled, profileId } = changes;
      await db
        .transaction()
        .execute(async (trx) => {
          const before = await selectDevice(trx, tenantId, id);
          if (before === undefined) throw notFound();
          if (profileId !== undefined && !(await profileExists(trx, tenantId, profileId))) {
            throw new AppError(...refusals.profile_not_found);
          }
          if (name !== undefined && (await isNameTaken(trx, tenantId, name, id))) {
            throw new AppError(...refusals.name_taken);
          }
          await updateDevice(trx, tenantId, id, {
            ...(name !== undefined && { name }),
            ...(label !== undefined && { label }),
            ...(description !== undefined && { description }),
            ...(isGateway !== undefined && { is_gateway: isGateway ? 1 : 0 }),
            ...(enabled !== undefined && { enabled: enabled ? 1 : 0 }),
            ...(profileId !== undefined && { profile_id: profileId }),
            search_text: searchText(name ?? before.name, label ?? before.label),
            updated_at: clock.now(),
          });
        })
        .catch((error: unknown) => {
          throw isUniqueViolation(error) ? new AppError(...refusals.name_taken) : error;
        });
      bus.publish(subjects.device(tenantId, id), { kind: 'device.updated', tenantId, deviceId: id });
      return get(tenantId, id);
    },

    async remove(tenantId, id) {
      const name = await deleteDevice(db, tenantId, id);
      if (name === undefined) throw notFound();
      // First nobody is the device any more, then its data goes: nothing can be added in between.
      bus.publish(subjects.device(tenantId, id), { kind: 'device.deleted', tenantId, deviceId: id });
      await deps.onDeviceDeleted?.({ tenantId, deviceId: id });
      return name;
    },
  };
}

const refusals: Readonly<Record<NewDeviceRefusal, readonly [code: ErrorCode, detail: string]>> = {
  name_taken: ['name_taken', 'A device of this name exists already.'],
  credentials_taken: ['credentials_taken', 'Another device has these credentials; devices need their own.'],
  invalid_credentials_shape: ['invalid_request', 'The credentials are not valid.'],
  invalid_name: ['invalid_request', 'The name is not valid.'],
  invalid_attributes: ['invalid_request', 'The attributes are not valid.'],
  profile_not_found: ['not_found', 'There is no such profile.'],
};

function notFound(): AppError {
  return new AppError('not_found', 'There is no such device.');
}

function invalid(path: string, message: string): AppError {
  return new AppError('invalid_request', message, { errors: [{ path, message }] });
}

/** @throws AppError `invalid_request` */
function cleanName(name: string): string {
  const fault = faultOfName(name.trim());
  if (fault !== undefined) throw invalid('/body/name', `The name ${fault}.`);
  return name.trim();
}

/** @throws AppError `invalid_request` */
function cleanLabel(label: string): string {
  const fault = faultOfLine(label);
  if (fault !== undefined) throw invalid('/body/label', `The label ${fault}.`);
  return label.trim();
}

/** @throws AppError `invalid_cursor` when the cursor is not from a list in this order */
function positionOf(cursor: string, sort: DeviceSort, order: 'asc' | 'desc'): ListPosition {
  const shape = ['string', 'string', sort === 'name' ? 'string' : 'number', 'string'] as const;
  const [cursorSort, cursorOrder, value, id] = decodeCursor(cursor, shape) ?? [];
  if (cursorSort !== sort || cursorOrder !== order || value === undefined || typeof id !== 'string') {
    throw new AppError('invalid_cursor', 'The cursor is not of a list in this order; start again without it.');
  }
  return { value, id };
}

function toDevice(row: DeviceRow, activity: DeviceActivity | undefined): Device {
  return {
    id: row.id,
    name: row.name,
    label: row.label,
    description: row.description,
    isGateway: row.is_gateway === 1,
    enabled: row.enabled === 1,
    profileId: row.profile_id,
    profileName: row.profile_name,
    active: activity?.active ?? row.active === 1,
    lastConnectTime: activity?.lastConnectTime ?? row.last_connect_at,
    lastActivityTime: activity?.lastActivityTime ?? row.last_activity_at,
    lastDisconnectTime: activity?.lastDisconnectTime ?? row.last_disconnect_at,
    connection: activity?.connection ?? null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
