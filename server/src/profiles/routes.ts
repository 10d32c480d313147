import { Type } from 'typebox';
import { IdParams, Page, PageQuery } from '#contract/common.ts';
import { CreateProfile, GroupKey, Profile, SetGroupKey, UpdateProfile } from '#contract/profiles.ts';
import { actorOf } from '../audit/actor-of.ts';
import type { Audit, AuditEntry } from '../audit/audit.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import { hasRole, type Principal } from '../http/principal.ts';
import { profilePolicy } from './policy.ts';
import type { ProfileName, Profiles } from './profiles.ts';

export interface ProfileRoutesDeps {
  readonly profiles: Profiles;
  readonly audit: Audit;
}

export function registerProfileRoutes(api: PlatformApi, { profiles, audit }: ProfileRoutesDeps): void {
  const tags = ['profiles'];

  function record(
    principal: Principal,
    request: { readonly ip: string },
    action: string,
    { id, name }: ProfileName,
    detail?: AuditEntry['detail'],
  ): void {
    audit.record({
      tenantId: principal.tenantId,
      actor: actorOf(principal, request),
      action,
      target: { kind: 'profile', id, name },
      outcome: 'success',
      ...(detail !== undefined && { detail }),
    });
  }

  api.get(
    '/v1/profiles',
    {
      config: { access: profilePolicy.read },
      schema: { tags, summary: 'Device profiles by name', querystring: PageQuery, response: { 200: Page(Profile) } },
    },
    async (request) => {
      const principal = principalOf(request);
      const page = await profiles.list(principal.tenantId, request.query);
      return { ...page, items: page.items.map((profile) => forReader(profile, principal)) };
    },
  );

  api.post(
    '/v1/profiles',
    {
      config: { access: profilePolicy.write, idempotent: true },
      schema: {
        tags,
        summary: 'Create a device profile; provisioning key and secret are generated when none are given',
        body: CreateProfile,
        response: { 201: Profile },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const profile = await profiles.create(principal.tenantId, request.body);
      record(principal, request, 'profile.created', profile);
      return reply.code(201).header('location', `/v1/profiles/${profile.id}`).send(profile);
    },
  );

  api.get(
    '/v1/profiles/:id',
    {
      config: { access: profilePolicy.read },
      schema: { tags, summary: 'One device profile', params: IdParams, response: { 200: Profile } },
    },
    async (request) => {
      const principal = principalOf(request);
      return forReader(await profiles.get(principal.tenantId, request.params.id), principal);
    },
  );

  api.patch(
    '/v1/profiles/:id',
    {
      config: { access: profilePolicy.write },
      schema: {
        tags,
        summary: 'Change a device profile',
        params: IdParams,
        body: UpdateProfile,
        response: { 200: Profile },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const profile = await profiles.update(principal.tenantId, request.params.id, request.body);
      // Names of fields alone, for a value may be the secret; but what data is deleted by, is told.
      const { provisioning = {}, ...fields } = request.body;
      const changed = [...Object.keys(fields), ...Object.keys(provisioning).map((key) => `provisioning.${key}`)];
      const { telemetryRetentionDays } = fields;
      record(principal, request, 'profile.updated', profile, {
        changed,
        ...(telemetryRetentionDays !== undefined && { telemetryRetentionDays }),
      });
      return profile;
    },
  );

  api.post(
    '/v1/profiles/:id/provisioning/rotate',
    {
      config: { access: profilePolicy.write },
      schema: {
        tags,
        summary: 'A new provisioning key and secret; the old ones end at once',
        params: IdParams,
        response: { 200: Profile },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const profile = await profiles.rotateProvisioning(principal.tenantId, request.params.id);
      record(principal, request, 'profile.provisioning_rotated', profile);
      return profile;
    },
  );

  api.post(
    '/v1/profiles/:id/group-key',
    {
      config: { access: profilePolicy.write },
      schema: {
        tags,
        summary: 'Set the key from which keys of devices are derived; it is told this once',
        params: IdParams,
        body: Type.Union([SetGroupKey, Type.Null()]),
        response: { 200: GroupKey },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { id } = request.params;
      const groupKey = await profiles.setGroupKey(principal.tenantId, id, request.body?.key);
      const { name } = await profiles.get(principal.tenantId, id);
      record(principal, request, 'profile.group_key_set', { id, name });
      return { groupKey };
    },
  );

  api.delete(
    '/v1/profiles/:id/group-key',
    {
      config: { access: profilePolicy.write },
      schema: {
        tags,
        summary: 'Derive no more keys of devices; those that devices have stay',
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { id } = request.params;
      await profiles.removeGroupKey(principal.tenantId, id);
      const { name } = await profiles.get(principal.tenantId, id);
      record(principal, request, 'profile.group_key_removed', { id, name });
      return reply.code(204).send(null);
    },
  );

  api.delete(
    '/v1/profiles/:id',
    {
      config: { access: profilePolicy.write },
      schema: {
        tags,
        summary: 'Delete a device profile that no device has',
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const removed = await profiles.remove(principal.tenantId, request.params.id);
      record(principal, request, 'profile.deleted', removed);
      return reply.code(204).send(null);
    },
  );
}

/** The secret is for those who may change the profile. */
function forReader(profile: Profile, { role }: Principal): Profile {
  if (hasRole(role, profilePolicy.readSecret)) return profile;
  return { ...profile, provisioning: { ...profile.provisioning, secret: null } };
}
