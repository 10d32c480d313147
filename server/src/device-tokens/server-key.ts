/** The key that the server itself signs with, for devices whose own key it does not have. ES256; told as JWKS. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import type { Db } from '../db/schema.ts';
import type { Sealer } from '../lib/seal.ts';

export interface ServerKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
  /** Signs the input of a JWS as RFC 7518 §3.4 has it: r and s one after the other. */
  sign(signingInput: string): string;
  /** RFC 7517. */
  readonly jwks: { readonly keys: readonly { readonly [member: string]: string }[] };
}

const setting = 'token_signing_key';

/** Opens the key, or makes it at the first start. */
export async function openServerKey({ db, sealer }: { readonly db: Db; readonly sealer: Sealer }): Promise<ServerKey> {
  const read = async (): Promise<string | undefined> =>
    (await db.selectFrom('settings').select('value').where('name', '=', setting).executeTakeFirst())?.value;
  if ((await read()) === undefined) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const sealed = sealer.seal(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), setting);
    await db
      .insertInto('settings')
      .values({ name: setting, value: Buffer.from(sealed).toString('base64') })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
  }
  // Read also when it was made here: of two processes that start at once, one key stays.
  const sealed = Buffer.from((await read()) ?? '', 'base64');
  const privateKey = createPrivateKey(sealer.open(sealed, setting));
  const publicKey = createPublicKey(privateKey);
  const { kty = '', crv = '', x = '', y = '' } = publicKey.export({ format: 'jwk' });
  // RFC 7638: the members that matter, in their order.
  const kid = `srv-${hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url')}`;
  return {
    kid,
    publicKey,
    sign: (input) =>
      sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
    jwks: { keys: [{ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }] },
  };
}
