/** Sessions that began with a JSON Web Token, and how they go on with a fresh one. */
import type { DeviceIdentity } from '../../../credentials/gate.ts';
import type { BearerGrant } from '../../../device-tokens/device-tokens.ts';
import type { TokenRefusal } from '../../../device-tokens/verify.ts';
import { accepted } from '../acknowledgements.ts';
import type { ConnectPacket } from '../codec/packets.ts';
import type { Connection } from '../connection.ts';
import { drop } from '../verdicts.ts';
import { type ConnectRefusal, connectRefusals } from './connect-refusals.ts';
import type { Uplink } from './publish.ts';

/** The one authentication method of MQTT 5 §4.12 that is offered. */
export const tokenMethod = 'JWT';

const threeParts = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** The token of a CONNECT; undefined when it shows something else. */
export function tokenOf({ authenticationMethod, authenticationData, username = '', password }: ConnectPacket) {
  if (authenticationMethod === tokenMethod) return authenticationData ?? '';
  if (username !== '' && username !== 'jwt') return undefined;
  return password !== undefined && threeParts.test(password) ? password : undefined;
}

/** Asks whose token it is; the answer comes at once when it can. */
export function askForToken(
  { context, arrival }: Connection,
  token: string,
): BearerGrant | TokenRefusal | Promise<BearerGrant | TokenRefusal> {
  return context.tokens.bearer(token, arrival);
}

/** Counts a refused token. */
export function reportToken({ context, arrival }: Connection, { reason, key }: TokenRefusal): void {
  context.securityEvents.record({
    kind: 'device_token.refused',
    reason,
    transport: 'mqtt',
    address: arrival.address,
    ...(key !== undefined && { tenantId: key.identity.tenantId, device: key.identity }),
  });
}

export function refusalOfToken(connection: Connection, { refused }: TokenRefusal): ConnectRefusal {
  switch (refused) {
    case 'auth_too_weak':
      return connectRefusals.authenticationTooWeak;
    case 'device_disabled':
      return connectRefusals.deviceDisabled;
    case 'https_required':
      return connectRefusals.tlsRequired;
    case 'rate_limited':
      return connectRefusals.rateLimited;
    case 'stale_token': {
      // MQTT has no Date: who runs by a wrong clock is told the time where it can be read.
      const now = connection.context.clock.now();
      return { ...connectRefusals.badUserNameOrPassword, code: refused, reason: `stale_token; it is ${now}` };
    }
    default:
      return { ...connectRefusals.badUserNameOrPassword, code: refused };
  }
}

/** A publish to `v1/devices/me/token`. */
export function handleToken(connection: Connection, device: DeviceIdentity, { payload, pending }: Uplink): void {
  if (connection.scopes === undefined) {
    drop(connection, pending, 0x87, 'The session did not begin with a token');
    return;
  }
  renew(connection, device, payload.toString('utf8').trim(), () => connection.settle(pending, accepted));
}

/**
 * Puts a fresh token in the place of the one before. One that is not good ends the session: its owner would believe
 * that it goes on.
 */
export function renew(connection: Connection, device: DeviceIdentity, token: string, done: () => void): void {
  const { log } = connection.context;
  const decide = (answer: BearerGrant | TokenRefusal): void => {
    if (connection.ended) return;
    if ('refused' in answer) {
      reportToken(connection, answer);
      connection.end('token_refused', answer.refused);
    } else if (answer.device.deviceId !== device.deviceId) {
      connection.end('token_refused', 'The token is of another device');
    } else {
      connection.holdToken(answer);
      done();
    }
  };
  const answer = askForToken(connection, token);
  if (!(answer instanceof Promise)) {
    decide(answer);
    return;
  }
  answer.then(decide).catch((error: unknown) => {
    log.error({ err: error }, 'A token could not be checked');
    connection.end('internal_error');
  });
}
