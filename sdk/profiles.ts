import type { Page } from '#contract/common.ts';
import type { CreateProfile, GroupKey, Profile, SetGroupKey, UpdateProfile } from '#contract/profiles.ts';
import { everyItem } from './paging.ts';
import type { Requester } from './requester.ts';

/** Device profiles: what devices of one kind share, first of all how they are provisioned. */
export interface ProfilesClient {
  list(query?: { cursor?: string; limit?: number }, signal?: AbortSignal): Promise<Page<Profile>>;
  /** Every profile, page by page. */
  all(signal?: AbortSignal): AsyncGenerator<Profile>;
  get(id: string, signal?: AbortSignal): Promise<Profile>;
  create(profile: CreateProfile, signal?: AbortSignal): Promise<Profile>;
  update(id: string, changes: UpdateProfile, signal?: AbortSignal): Promise<Profile>;
  /** A new provisioning key and secret; the old ones end at once. */
  rotateProvisioning(id: string, signal?: AbortSignal): Promise<Profile>;
  /** Sets the key from which keys of devices are derived, or has one made; it is told this once. */
  setGroupKey(id: string, groupKey?: SetGroupKey, signal?: AbortSignal): Promise<GroupKey>;
  /** No more keys are derived; devices that have theirs keep them. */
  removeGroupKey(id: string, signal?: AbortSignal): Promise<void>;
  delete(id: string, signal?: AbortSignal): Promise<void>;
}

export function createProfilesClient({ json }: Requester): ProfilesClient {
  const client: ProfilesClient = {
    list: (query, signal) => json('GET', '/v1/profiles', { query: { ...query }, signal }),
    all: (signal) =>
      everyItem((cursor) => client.list({ limit: 200, ...(cursor !== undefined && { cursor }) }, signal)),
    get: (id, signal) => json('GET', `/v1/profiles/${id}`, { signal }),
    create: (profile, signal) => json('POST', '/v1/profiles', { json: profile, isCreate: true, signal }),
    update: (id, changes, signal) => json('PATCH', `/v1/profiles/${id}`, { json: changes, signal }),
    rotateProvisioning: (id, signal) => json('POST', `/v1/profiles/${id}/provisioning/rotate`, { signal }),
    setGroupKey: (id, groupKey = {}, signal) =>
      json('POST', `/v1/profiles/${id}/group-key`, { json: groupKey, signal }),
    removeGroupKey: (id, signal) => json('DELETE', `/v1/profiles/${id}/group-key`, { signal }),
    delete: (id, signal) => json('DELETE', `/v1/profiles/${id}`, { signal }),
  };
  return client;
}
