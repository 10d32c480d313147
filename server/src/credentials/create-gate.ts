import type { Bus } from '../bus/bus.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { equalSecrets, type Sealer } from '../lib/seal.ts';
import type { Arrival, Gate, GateAnswer, GateRefusal, MqttCredentials } from './gate.ts';
import { createKeyHolders, type KeyHolder } from './key-holders.ts';
import { clientIdAndUserNameKey, clientIdKey, textKey } from './lookup.ts';

export interface GateDeps {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly bus: Bus;
}

/** No credential has more than 255 code points, which are at most twice as many UTF-16 units. */
const maxTextLength = 510;

const refusals = {
  invalid: Object.freeze({ refused: 'invalid_credentials' }),
  disabled: Object.freeze({ refused: 'device_disabled' }),
  insecure: Object.freeze({ refused: 'https_required' }),
  tooWeak: Object.freeze({ refused: 'auth_too_weak' }),
} as const satisfies Record<string, GateRefusal>;

type Validation = 'valid' | 'password_mismatch' | 'other_mismatch';

export function createGate(deps: GateDeps): Gate {
  const { clock } = deps;
  const holders = createKeyHolders(deps);

  /** The credentials were right; what the device and its profile allow is asked after that, so strangers learn nothing. */
  function admit(holder: KeyHolder | undefined, arrival: Arrival): GateAnswer {
    if (holder === undefined) return refusals.invalid;
    const { identity, enabled } = holder;
    // Whatever else is the matter: a static secret is the weakest way.
    if (identity.policy.minAuth !== 'token') return refusals.tooWeak;
    if (!enabled) return refusals.disabled;
    if (identity.policy.tlsOnly && !arrival.secure) return refusals.insecure;
    if (arrival.transport === 'http' && !identity.policy.tokenInPath) return refusals.tooWeak;
    return identity;
  }

  const works = ({ identity }: KeyHolder): boolean =>
    identity.credentialsExpireAt === null || identity.credentialsExpireAt > clock.now();

  const accessTokenAmong = (found: readonly KeyHolder[]): KeyHolder | undefined =>
    found.find((holder) => holder.type === 'ACCESS_TOKEN' && works(holder));

  function validate(holder: KeyHolder, shown: MqttCredentials): Validation {
    if (holder.clientId !== undefined && holder.clientId !== shown.clientId) return 'other_mismatch';
    if (holder.userName !== undefined && holder.userName !== shown.username) return 'other_mismatch';
    if (holder.passwordHash === undefined) return 'valid';
    const shownHash = holders.passwordHash(shown.password ?? '');
    return equalSecrets(holder.passwordHash, shownHash) ? 'valid' : 'password_mismatch';
  }

  /** The one of these MQTT_BASIC credentials that fits, or why none does. Undefined when there are none. */
  function match(found: readonly KeyHolder[], shown: MqttCredentials): KeyHolder | Validation | undefined {
    let reason: Validation | undefined;
    for (const holder of found) {
      if (holder.type !== 'MQTT_BASIC' || !works(holder)) continue;
      const validation = validate(holder, shown);
      if (validation === 'valid') return holder;
      if (reason !== 'password_mismatch') reason = validation;
    }
    return reason;
  }

  async function lookUp(key: string): Promise<readonly KeyHolder[]> {
    return holders.peek(key) ?? holders.find(key);
  }

  /** Reference §1.1 step 3, row by row. */
  async function findByConnect(shown: MqttCredentials): Promise<KeyHolder | undefined> {
    const { clientId, username = '' } = shown;
    const isClientIdPossible = clientId !== '' && clientId.length <= maxTextLength;
    if (username === '') {
      if (!isClientIdPossible) return undefined;
      return onlyHolder(match(await lookUp(clientIdKey(clientId)), shown));
    }
    if (username.length > maxTextLength) return undefined;
    if (isClientIdPossible) {
      const matched = match(await lookUp(clientIdAndUserNameKey(clientId, username)), shown);
      if (typeof matched === 'object') return matched;
      // A wrong password is final; anything else may still be a token or a user name alone.
      if (matched === 'password_mismatch') return undefined;
    }
    const found = await lookUp(textKey(username));
    return accessTokenAmong(found) ?? onlyHolder(match(found, shown));
  }

  return {
    byAccessToken(token, arrival) {
      if (token === '' || token.length > maxTextLength) return refusals.invalid;
      const key = textKey(token);
      const known = holders.peek(key);
      if (known === undefined) return holders.find(key).then((found) => admit(accessTokenAmong(found), arrival));
      return admit(known === null ? undefined : accessTokenAmong(known), arrival);
    },
    async byMqttConnect(shown, arrival) {
      return admit(await findByConnect(shown), arrival);
    },
  };
}

function onlyHolder(matched: KeyHolder | Validation | undefined): KeyHolder | undefined {
  return typeof matched === 'object' ? matched : undefined;
}
