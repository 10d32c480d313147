/** The requests of the authentication benchmark: what honest devices send, and what others try. */
import { createHash, randomBytes } from 'node:crypto';
import { bearerToken, type DeviceKey, signedToken } from '#sdk/device/jwt-proofs.ts';
import { requestBytes } from './request-load.ts';

export interface BenchDevice {
  /** As the platform API has it, and as tokens do. */
  readonly id: string;
  readonly deviceId: string;
  readonly name: string;
  readonly kid: string;
  /** base64url */
  readonly key: string;
}

export const scenarios = {
  none: { name: 'no authentication', accepted: true },
  bearer: { name: 'bearer, token known', accepted: true },
  bearerFirst: { name: 'bearer, token seen for the first time', accepted: true },
  signed: { name: 'signed request', accepted: true },
  wrongSecret: { name: 'wrong secret', accepted: false },
  expired: { name: 'expired', accepted: false },
  replayed: { name: 'replayed signed request', accepted: false },
  malformed: { name: 'malformed', accepted: false },
  unknownKey: { name: 'unknown key', accepted: false },
} as const;
export type Scenario = keyof typeof scenarios;
export const scenarioNames = Object.keys(scenarios) as Scenario[];

const path = '/api/v1/telemetry';
/** A day in 2026; each message is a millisecond later, so that no point replaces another. */
let ts = Date.UTC(2026, 0, 1);
const message = (temperatureKey: string): string =>
  JSON.stringify({ ts: ts++, values: { [temperatureKey]: 21.5, humidity: 55.25, battery: 98, state: 'ok' } });
/** A key that the store must not know in the end. */
export const intruderKey = 'intruder';

const secondsNow = (): number => Math.floor(Date.now() / 1000);
/** Makes tokens different that would have the same times. */
let sequence = 0;
/** Last `jti` by kid. */
const lastJti = new Map<string, number>();

function nextJti(kid: string): number {
  const jti = Math.max(Date.now(), (lastJti.get(kid) ?? 0) + 1);
  lastJti.set(kid, jti);
  return jti;
}

const keyOf = ({ kid, key }: BenchDevice): DeviceKey => ({ kid, alg: 'HS256', key });

export function bearerOf(device: BenchDevice, instance: string, more: { iat?: number; key?: DeviceKey } = {}): string {
  const iat = more.iat ?? secondsNow() - 1;
  const scope = 'telemetry';
  const claims = { sub: device.deviceId, aud: instance, iat, exp: iat + 3600, scope };
  return bearerToken(more.key ?? keyOf(device), claims);
}

/** The signed requests that were made last, for those that send them again. */
let lastSigned: readonly Buffer[] = [];
export const forgetSigned = (): void => {
  lastSigned = [];
};

/** @param devices one request each, in this order; a device may stand there several times */
export function requestsOf(scenario: Scenario, devices: readonly BenchDevice[], instance: string): readonly Buffer[] {
  if (scenario === 'replayed') return lastSigned;
  const known = new Map<BenchDevice, string>();
  const made = devices.map((device) => {
    const body = message(scenarios[scenario].accepted ? 'temperature' : intruderKey);
    return requestBytes(scenario === 'none' ? `/api/v1/${device.name}/telemetry` : path, authorization(), body);

    function authorization(): string {
      const bearer = (more?: { iat?: number; key?: DeviceKey }): string => `Bearer ${bearerOf(device, instance, more)}`;
      switch (scenario) {
        case 'none':
          return '';
        case 'bearer': {
          const token = known.get(device) ?? bearer({ iat: firstIat });
          known.set(device, token);
          return token;
        }
        case 'bearerFirst':
          // Another `iat` for each time that this device has been here: no token is seen twice.
          return bearer({ iat: secondsNow() - 1 - (sequence++ % 1200) });
        case 'signed': {
          const request = { sub: device.deviceId, method: 'POST', target: path, body, jti: nextJti(device.kid) };
          return `DeviceJWT ${signedToken(keyOf(device), request)}`;
        }
        case 'wrongSecret':
          return bearer({ key: { kid: device.kid, alg: 'HS256', key: randomBytes(32).toString('base64url') } });
        case 'expired':
          return bearer({ iat: secondsNow() - 4000 - (sequence++ % 1000) });
        case 'malformed':
          return `${bearer()}.${createHash('sha256').update(device.kid).digest('base64url')}`;
        case 'unknownKey':
          return bearer({ key: { kid: randomBytes(9).toString('base64url'), alg: 'HS256', key: device.key } });
        default:
          return '';
      }
    }
  });
  if (scenario === 'signed') lastSigned = made;
  return made;
}

/** Of every token that shall be known: the same in all rounds. */
const firstIat = secondsNow() - 1;
