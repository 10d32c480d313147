/** Carries out some hundred rows: new devices in one commit, existing ones left or updated. */
import type { Json } from '#contract/common.ts';
import type { Credentials } from '#contract/credentials.ts';
import type { ImportRowCode } from '#contract/import.ts';
import type { AttributeScope, Attributes } from '../attributes/attributes.ts';
import { lookupKey } from '../credentials/lookup.ts';
import type { Db } from '../db/schema.ts';
import type { DeviceChecker, DeviceCreator, NewDevice, NewDeviceRefusal } from '../devices/create-devices.ts';
import type { Devices } from '../devices/devices.ts';
import { AppError } from '../errors.ts';
import { LruMap } from '../lib/lru.ts';
import { FirstLines } from './first-lines.ts';
import { type ExistingDevice, findExistingDevices } from './queries.ts';
import type { ImportRow, RowFault } from './row.ts';

export interface BatchDeps {
  readonly db: Db;
  readonly creator: DeviceCreator & DeviceChecker;
  readonly devices: Pick<Devices, 'update'>;
  readonly attributes: Pick<Attributes, 'read' | 'write'>;
  readonly profiles: { findByName(tenantId: string, name: string): Promise<{ readonly id: string } | undefined> };
}

export interface BatchSettings {
  readonly tenantId: string;
  /** For rows that name no profile. */
  readonly profileId: string;
  /** Whether the caller chose that profile: then a device of another one is not what the row means. */
  readonly isProfileChosen: boolean;
  readonly updates: boolean;
  readonly dryRun: boolean;
}

export interface BatchOutcome {
  created: { readonly row: ImportRow; readonly deviceId: string; readonly credentials: Credentials }[];
  createdCount: number;
  unchanged: number;
  updated: number;
  faults: RowFault[];
}

/** A row and the profile that it means. */
interface Meant {
  readonly row: ImportRow;
  readonly profileId: string;
  readonly isProfileChosen: boolean;
}

/** Profiles by name that are remembered; files name few. */
const rememberedProfiles = 1000;

/** @returns the function that carries out one batch after the other; it knows the names of those before */
export function createBatchImport(deps: BatchDeps, settings: BatchSettings) {
  const { tenantId, dryRun } = settings;
  const names = new FirstLines();
  const credentialsOfFile = new FirstLines();
  const profileIds = new LruMap<string, string | null>(rememberedProfiles);

  async function profileIdOf(name: string): Promise<string | null> {
    let id = profileIds.get(name);
    if (id === undefined) {
      id = (await deps.profiles.findByName(tenantId, name))?.id ?? null;
      profileIds.set(name, id);
    }
    return id;
  }

  async function meaningOf(row: ImportRow): Promise<Meant | RowFault> {
    const nameLine = names.claim(row.name, row.line);
    if (nameLine !== undefined) {
      return fault(row, 'duplicate_name', `The name stands on line ${nameLine} already.`, 'name');
    }
    if (!('generate' in row.credentials)) {
      const line = credentialsOfFile.claim(lookupKey(row.credentials), row.line);
      if (line !== undefined) {
        return fault(row, 'duplicate_credentials', `The credentials stand on line ${line} already.`);
      }
    }
    if (row.profile === undefined) {
      return { row, profileId: settings.profileId, isProfileChosen: settings.isProfileChosen };
    }
    const profileId = await profileIdOf(row.profile);
    if (profileId !== null) return { row, profileId, isProfileChosen: true };
    return fault(row, 'profile_not_found', `There is no profile "${row.profile}".`, 'profile');
  }

  async function create(rows: readonly Meant[], outcome: BatchOutcome): Promise<Meant[]> {
    if (rows.length === 0) return [];
    const requests = rows.map((meant) => toNewDevice(tenantId, meant));
    const raced: Meant[] = [];
    const refuse = (meant: Meant, refusal: NewDeviceRefusal): void => {
      if (refusal === 'name_taken') raced.push(meant);
      else outcome.faults.push({ ...refusals[refusal], line: meant.row.line, name: meant.row.name });
    };
    if (dryRun) {
      const refused = await deps.creator.checkDevices(requests);
      for (const [i, meant] of rows.entries()) {
        const refusal = refused[i];
        if (refusal === undefined) outcome.createdCount++;
        else refuse(meant, refusal);
      }
      return raced;
    }
    const results = await deps.creator.createDevices(requests);
    for (const [i, meant] of rows.entries()) {
      const result = results[i];
      if (result === undefined) throw new Error('A request to create a device has no result.');
      if ('refused' in result) {
        refuse(meant, result.refused);
      } else {
        outcome.createdCount++;
        outcome.created.push({ row: meant.row, deviceId: result.deviceId, credentials: result.credentials });
      }
    }
    return raced;
  }

  /** The device of a row is there: is it the one that is meant, and does anything change? */
  async function meet({ row, profileId, isProfileChosen }: Meant, device: ExistingDevice, outcome: BatchOutcome) {
    if (isProfileChosen && device.profileId !== profileId) {
      outcome.faults.push(fault(row, 'name_taken', 'A device of another profile has this name.', 'name'));
      return;
    }
    try {
      const isChanged = settings.updates && (await update(row, device));
      if (isChanged) outcome.updated++;
      else outcome.unchanged++;
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      const code = error.code === 'not_found' ? 'not_found' : 'invalid_attributes';
      outcome.faults.push(fault(row, code, error.message));
    }
  }

  async function update(row: ImportRow, device: ExistingDevice): Promise<boolean> {
    let isChanged = false;
    for (const [scope, values] of [
      ['server', row.serverAttributes],
      ['shared', row.sharedAttributes],
    ] as const) {
      const changed = await changedValues(device.id, scope, values);
      if (Object.keys(changed).length === 0) continue;
      isChanged = true;
      if (!dryRun) await deps.attributes.write({ tenantId, deviceId: device.id, scope, values: changed });
    }
    const { label = device.label, description = device.description } = row;
    if (label !== device.label || description !== device.description) {
      isChanged = true;
      if (!dryRun) await deps.devices.update(tenantId, device.id, { label, description });
    }
    return isChanged;
  }

  async function changedValues(
    deviceId: string,
    scope: AttributeScope,
    values: Readonly<Record<string, Json>>,
  ): Promise<Record<string, Json>> {
    const keys = Object.keys(values);
    if (keys.length === 0) return {};
    const present = await deps.attributes.read({ tenantId, deviceId }, scope, keys);
    // Cells are numbers, texts and flags, so equal values are identical.
    return Object.fromEntries(Object.entries(values).filter(([key, value]) => present.get(key)?.value !== value));
  }

  return async function importBatch(rows: readonly ImportRow[]): Promise<BatchOutcome> {
    const outcome: BatchOutcome = { created: [], createdCount: 0, unchanged: 0, updated: 0, faults: [] };
    let waiting: Meant[] = [];
    for (const row of rows) {
      const meant = await meaningOf(row);
      if ('code' in meant) outcome.faults.push(meant);
      else waiting.push(meant);
    }
    // A second round is for names that another caller took in between: those devices are there now.
    for (let round = 0; waiting.length > 0 && round < 2; round++) {
      const existing = await findExistingDevices(
        deps.db,
        tenantId,
        waiting.map(({ row }) => row.name),
      );
      const isNew = (meant: Meant): boolean => !existing.has(meant.row.name);
      const met = waiting.flatMap((meant) => {
        const device = existing.get(meant.row.name);
        return device === undefined ? [] : [meet(meant, device, outcome)];
      });
      const raced = create(waiting.filter(isNew), outcome);
      await Promise.all(met);
      waiting = await raced;
    }
    for (const { row } of waiting) {
      outcome.faults.push(fault(row, 'name_taken', 'Another device has this name.', 'name'));
    }
    outcome.faults.sort((a, b) => a.line - b.line);
    return outcome;
  };
}

function toNewDevice(tenantId: string, { row, profileId }: Meant): NewDevice {
  const { name, label = '', description = '', isGateway, credentials, serverAttributes, sharedAttributes } = row;
  return { tenantId, profileId, name, label, description, isGateway, credentials, serverAttributes, sharedAttributes };
}

function fault({ line, name }: ImportRow, code: ImportRowCode, reason: string, column?: string): RowFault {
  return { line, ...(column !== undefined && { column }), code, reason, name };
}

const refusals: Readonly<
  Record<Exclude<NewDeviceRefusal, 'name_taken'>, Pick<RowFault, 'code' | 'reason' | 'column'>>
> = {
  credentials_taken: { code: 'credentials_taken', reason: 'Another device has these credentials.' },
  invalid_credentials_shape: { code: 'invalid_credentials', reason: 'The credentials are not valid.' },
  invalid_name: { code: 'invalid_name', reason: 'The name is not valid.', column: 'name' },
  invalid_attributes: { code: 'invalid_attributes', reason: 'The attributes are not valid.' },
  profile_not_found: { code: 'profile_not_found', reason: 'The profile was deleted.', column: 'profile' },
};
