import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { IdParams } from '#contract/common.ts';
import { WriteTelemetry } from '#contract/telemetry.ts';
import { actorOf } from '../audit/actor-of.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import { createValidatorCompiler } from '../http/validation.ts';
import { telemetryPolicy } from './policy.ts';
import type { Telemetry } from './telemetry.ts';

/**
 * Writing takes the bytes of the body as they came: the parser of the device API reads them, so that a script may send
 * what a device may send and no digit is lost on the way.
 */
export function registerWriteRoute(api: PlatformApi, telemetry: Telemetry): void {
  const validator = createValidatorCompiler();
  // A scope of its own: its content type parsers are for nobody else.
  api.register(async (plain) => {
    const scope = plain.withTypeProvider<TypeBoxTypeProvider>();
    scope.removeAllContentTypeParsers();
    // As in the device API, the content type is not looked at: curl sends a form's by default.
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(
      '/v1/devices/:id/telemetry',
      {
        config: { access: telemetryPolicy.write },
        schema: {
          tags: ['telemetry'],
          summary: 'Write telemetry of a device, in the forms in which devices send it',
          params: IdParams,
          body: Type.Unsafe<Buffer | null>(WriteTelemetry),
          response: { 204: Type.Null({ description: 'Stored durably' }) },
        },
        // The schema of the body describes; the parser judges.
        validatorCompiler: (route) => (route.httpPart === 'body' ? () => true : validator(route)),
      },
      async (request, reply) => {
        const principal = principalOf(request);
        const device = { tenantId: principal.tenantId, deviceId: request.params.id };
        await telemetry.write(device, request.body ?? new Uint8Array(), actorOf(principal, request));
        return reply.code(204).send(null);
      },
    );
  });
}
