import { Readable } from 'node:stream';
import { type TSchema, Type } from 'typebox';
import { IdParams } from '#contract/common.ts';
import {
  DeletedTelemetry,
  DeleteTelemetryQuery,
  LatestTelemetry,
  LatestTelemetryOfDevices,
  LatestTelemetryOfDevicesBody,
  LatestTelemetryOfDevicesQuery,
  LatestTelemetryQuery,
  latestDevicesLimit,
  queriedSeriesLimit,
  TelemetryAggregate,
  TelemetryKeys,
  TelemetryQuery,
  TelemetryRange,
  TelemetrySeriesPage,
  TelemetrySeriesQuery,
} from '#contract/telemetry.ts';
import { actorOf } from '../audit/actor-of.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import type { Clock } from '../lib/clock.ts';
import { telemetryPolicy } from './policy.ts';
import { readDeleteQuery, readDeviceIds, readKeys, readTelemetryQuery } from './query.ts';
import { readSeriesQuestion } from './series-question.ts';
import type { Telemetry } from './telemetry.ts';
import { registerWriteRoute } from './write-route.ts';

const tags = ['telemetry'];
const jsonType = 'application/json; charset=utf-8';

/** A body that the handler writes itself: keys that devices chose never pass a serializer's schema. */
const written = (schema: TSchema) => Type.Unsafe<string>(schema);
const streamed = (schema: TSchema) => ({ schema: Type.Unsafe<Readable>(schema) });

export function registerTelemetryRoutes(
  api: PlatformApi,
  deps: { readonly telemetry: Telemetry; readonly clock: Clock },
): void {
  const { telemetry, clock } = deps;

  api.get(
    '/v1/devices/:id/telemetry',
    {
      config: { access: telemetryPolicy.read },
      schema: {
        tags,
        summary: 'Telemetry of a device: raw or aggregated, as JSON, CSV or NDJSON',
        params: IdParams,
        querystring: TelemetryQuery,
        response: {
          200: {
            description: 'By key; CSV and NDJSON have one line for each point',
            content: {
              'application/json': streamed(Type.Union([TelemetryRange, TelemetryAggregate])),
              'text/csv': streamed(Type.String()),
              'application/x-ndjson': streamed(Type.String()),
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = principalOf(request);
      const deviceId = request.params.id;
      const read = readTelemetryQuery(request.query, clock.now());
      const { contentType, pieces } = await telemetry.export({ tenantId, deviceId }, read);
      reply.type(contentType);
      if (read.format !== 'json') {
        // The id is a UUID, so nothing in the name needs escaping.
        reply.header('content-disposition', `attachment; filename="telemetry-${deviceId}.${read.format}"`);
      }
      return reply.send(Readable.from(pieces));
    },
  );

  api.get(
    '/v1/devices/:id/telemetry/latest',
    {
      config: { access: telemetryPolicy.read },
      schema: {
        tags,
        summary: 'The latest point of each key of a device',
        params: IdParams,
        querystring: LatestTelemetryQuery,
        response: { 200: written(LatestTelemetry) },
      },
    },
    async (request, reply) => {
      const device = { tenantId: principalOf(request).tenantId, deviceId: request.params.id };
      return reply.type(jsonType).send(await telemetry.latest(device, readKeys(request.query.keys)));
    },
  );

  api.get(
    '/v1/telemetry/latest',
    {
      config: { access: telemetryPolicy.read },
      schema: {
        tags,
        summary: 'The latest points of several devices',
        querystring: LatestTelemetryOfDevicesQuery,
        response: { 200: written(LatestTelemetryOfDevices) },
      },
    },
    async (request, reply) => {
      const { deviceIds, keys } = request.query;
      const { tenantId } = principalOf(request);
      return reply.type(jsonType).send(await telemetry.latestOf(tenantId, readDeviceIds(deviceIds), readKeys(keys)));
    },
  );

  api.post(
    '/v1/telemetry/latest',
    {
      config: { access: telemetryPolicy.read },
      schema: {
        tags,
        summary: `The latest points of up to ${latestDevicesLimit} devices: a read, with its question in the body`,
        body: LatestTelemetryOfDevicesBody,
        response: { 200: written(LatestTelemetryOfDevices) },
      },
    },
    async (request, reply) => {
      const { deviceIds, keys } = request.body;
      const { tenantId } = principalOf(request);
      const latest = await telemetry.latestOf(tenantId, [...new Set(deviceIds)], keys && [...new Set(keys)]);
      return reply.type(jsonType).send(latest);
    },
  );

  api.get(
    '/v1/devices/:id/telemetry/keys',
    {
      config: { access: telemetryPolicy.read },
      schema: {
        tags,
        summary: 'The keys of a device, with how many points each has and from when to when',
        params: IdParams,
        response: { 200: TelemetryKeys },
      },
    },
    async (request) => ({
      keys: await telemetry.keys({ tenantId: principalOf(request).tenantId, deviceId: request.params.id }),
    }),
  );

  api.delete(
    '/v1/devices/:id/telemetry',
    {
      config: { access: telemetryPolicy.delete },
      schema: {
        tags,
        summary: 'Delete telemetry of a device: of some keys and times, or all',
        params: IdParams,
        querystring: DeleteTelemetryQuery,
        response: { 200: DeletedTelemetry },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const device = { tenantId: principal.tenantId, deviceId: request.params.id };
      const span = readDeleteQuery(request.query);
      return { deleted: await telemetry.remove(device, span, actorOf(principal, request)) };
    },
  );

  api.post(
    '/v1/telemetry/query',
    {
      config: { access: telemetryPolicy.read },
      schema: {
        tags,
        summary: `Telemetry of several devices, raw or aggregated: up to ${queriedSeriesLimit} series, page by page`,
        body: TelemetrySeriesQuery,
        response: { 200: { description: 'OK', content: { 'application/json': streamed(TelemetrySeriesPage) } } },
      },
    },
    async (request, reply) => {
      const question = readSeriesQuestion(request.body, clock.now());
      const pieces = await telemetry.series(principalOf(request).tenantId, question);
      return reply.type(jsonType).send(Readable.from(pieces));
    },
  );

  registerWriteRoute(api, telemetry);
}
