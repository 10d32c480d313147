/**
 * By what credentials are found. ThingsBoard gives each a `credentialsId` that is unique over the server (reference
 * §1.1): the token or user name itself, or a hash of the client id, or of client id and user name. The same three kinds
 * here, each under its own prefix, so that no two kinds meet and a `|` in a client id means nothing.
 */
import type { Credentials } from '#contract/credentials.ts';
import type { Sealer } from '../lib/seal.ts';

/** An access token and a user name stand for the same: a device cannot own the token that is another's user name. */
export function textKey(tokenOrUserName: string): string {
  return `text:${tokenOrUserName}`;
}

export function clientIdKey(clientId: string): string {
  return `client:${clientId}`;
}

export function clientIdAndUserNameKey(clientId: string, userName: string): string {
  return `both:${JSON.stringify([clientId, userName])}`;
}

/** The name of a key for JSON Web Tokens. */
export function jwtKey(kid: string): string {
  return `jwt:${kid}`;
}

/** The key under which these credentials are found. They have passed `faultOfCredentials`. */
export function lookupKey(credentials: Credentials): string {
  if (credentials.type === 'ACCESS_TOKEN') return textKey(credentials.token);
  if (credentials.type === 'JWT') return jwtKey(credentials.kid);
  const { clientId, userName } = credentials;
  if (userName === undefined) return clientIdKey(clientId ?? '');
  return clientId === undefined ? textKey(userName) : clientIdAndUserNameKey(clientId, userName);
}

/** What stands in `credentials.lookup_hash`: the database file gives away neither the key nor equal user names. */
export function lookupHash(sealer: Sealer, key: string): string {
  return sealer.lookupHash('credentials', key);
}

/**
 * The hash of credentials that were rotated to a new password: the successor has the same key, and the column is
 * unique. There is at most one such row, and only while its successor stands.
 */
export function supersededLookupHash(sealer: Sealer, key: string): string {
  return sealer.lookupHash('credentials-superseded', key);
}
