import { Type } from 'typebox';
import type { PlatformApi } from '../http/platform-api.ts';
import type { ServerKey } from './server-key.ts';

/** How long others may keep the keys: a new one is there long before it is used. */
const maxAgeS = 300;

/** The keys that the server signs tokens with (RFC 7517), for whoever wants to verify them. */
export function registerJwks(api: PlatformApi, { jwks }: Pick<ServerKey, 'jwks'>): void {
  api.get(
    '/.well-known/jwks.json',
    {
      schema: {
        tags: ['security'],
        summary: 'Public keys of the tokens that the server signs',
        response: { 200: Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.String())) }) },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', `public, max-age=${maxAgeS}`);
      return { keys: jwks.keys.map((key) => ({ ...key })) };
    },
  );
}
