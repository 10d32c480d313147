import type { Bus } from '../bus/bus.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { isSameMac } from '../lib/hmac-sha256.ts';
import type { Sealer } from '../lib/seal.ts';
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
    return isSameMac(shownHash, holder.passwordHash) ? 'valid' : 'password_mismatch';
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

  /** Under which keys the one that is meant can stand, by reference §1.1 step 3; undefined: under none. */
  function keysOf({ clientId, username = '' }: MqttCredentials): readonly string[] | undefined {
    const isClientIdPossible = clientId !== '' && clientId.length <= maxTextLength;
    if (username === '') return isClientIdPossible ? [clientIdKey(clientId)] : undefined;
    if (username.length > maxTextLength) return undefined;
    return isClientIdPossible ? [clientIdAndUserNameKey(clientId, username), textKey(username)] : [textKey(username)];
  }

  /** Reference §1.1 step 3, row by row. @param found what stands under each of `keysOf` */
  function choose(shown: MqttCredentials, found: readonly (readonly KeyHolder[])[]): KeyHolder | undefined {
    const [first = [], second] = found;
    if ((shown.username ?? '') === '') return onlyHolder(match(first, shown));
    if (second !== undefined) {
      const matched = match(first, shown);
      if (typeof matched === 'object') return matched;
      // A wrong password is final; anything else may still be a token or a user name alone.
      if (matched === 'password_mismatch') return undefined;
    }
    const named = second ?? first;
    return accessTokenAmong(named) ?? onlyHolder(match(named, shown));
  }

  return {
    byAccessToken(token, arrival) {
      if (token === '' || token.length > maxTextLength) return refusals.invalid;
      const key = textKey(token);
      const known = holders.peek(key);
      if (known === undefined) return holders.find(key).then((found) => admit(accessTokenAmong(found), arrival));
      return admit(known === null ? undefined : accessTokenAmong(known), arrival);
    },
    byMqttConnect(shown, arrival) {
      const keys = keysOf(shown);
      if (keys === undefined) return refusals.invalid;
      const known: (readonly KeyHolder[])[] = [];
      for (const key of keys) {
        const found = holders.peek(key);
        if (found !== undefined) known.push(found ?? []);
      }
      if (known.length === keys.length) return admit(choose(shown, known), arrival);
      return Promise.all(keys.map(holders.find)).then((found) => admit(choose(shown, found), arrival));
    },
  };
}

function onlyHolder(matched: KeyHolder | Validation | undefined): KeyHolder | undefined {
  return typeof matched === 'object' ? matched : undefined;
}
