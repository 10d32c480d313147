/** The JSON of a provisioning request (reference §1.5), from bytes to checked members. */
import type { JwtCredentialsRequest } from '#contract/credentials.ts';
import { toStrictJson } from '../lib/relaxed-json.ts';
import { type Malformed, malformed } from './malformed.ts';
import { type ProvisionProof, readProof } from './proof.ts';

/** Members as the device sent them; '' stands for absent, empty and null alike. */
export interface ProvisionRequest {
  /** Trimmed. */
  readonly deviceName: string;
  /** A name was sent and nothing but blanks was in it: refused, unlike an absent name, which is made up. */
  readonly hasBlankName: boolean;
  readonly key: string;
  readonly secret: string;
  readonly credentialsType: string;
  readonly token: string;
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  readonly isGateway: boolean;
  /** JWT: the public key that the device brings, and for which algorithm. */
  readonly publicKey: JwtCredentialsRequest['publicKey'];
  readonly alg: string;
  /** That the device knows the secret, or the key derived for it; `secret` then holds the proof's text. */
  readonly proof: ProvisionProof | undefined;
}

/** As ThingsBoard's limit for an MQTT packet and for a small HTTP body. */
const maxPayloadBytes = 65_536;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Never throws; what it says about a bad request repeats nothing of it, for its members are secrets. */
export function parseProvisionRequest(payload: Uint8Array): ProvisionRequest | Malformed {
  if (payload.length > maxPayloadBytes) {
    return malformed(`The provisioning request is larger than ${maxPayloadBytes} bytes.`);
  }
  let text = '';
  let body: unknown;
  try {
    text = decoder.decode(payload);
    body = JSON.parse(text);
  } catch {
    const json = toStrictJson(text);
    if (json === undefined) return malformed('The provisioning request is not valid JSON.');
    text = json;
    body = JSON.parse(json);
  }
  if (!isObject(body)) return malformed('The provisioning request is not a JSON object.');

  // ThingsBoard's words, with three dots where it repeats the body and the secret in it.
  const isProved = (body['provisionProof'] ?? null) !== null;
  const secretField = isProved ? 'provisionProof' : 'provisionDeviceSecret';
  if (isProved && (body['provisionDeviceSecret'] ?? null) !== null) {
    return malformed('A request has a provisionProof or a provisionDeviceSecret, not both.');
  }
  for (const field of ['provisionDeviceKey', secretField] as const) {
    if ((body[field] ?? null) === null) return malformed(`Failed to find the field ${field} in JSON body {...}!`);
  }
  for (const field of textFields) {
    if (typeof body[field] === 'number') {
      body = JSON.parse(text, keepNumbersAsWritten);
      break;
    }
  }
  const proof = isProved ? readProof(text, body as Record<string, unknown>) : undefined;
  if (proof !== undefined && 'malformed' in proof) return proof;
  return read(body as Record<string, unknown>, proof);
}

const textFields = [
  'deviceName',
  'provisionDeviceKey',
  'provisionDeviceSecret',
  'credentialsType',
  'token',
  'username',
  'password',
  'clientId',
  'alg',
] as const;

function read(body: Record<string, unknown>, proof: ProvisionProof | undefined): ProvisionRequest | Malformed {
  const texts: Record<string, string> = {};
  for (const field of textFields) {
    const value = body[field] ?? '';
    if (typeof value === 'object') return malformed(`The field ${field} is not a text.`);
    texts[field] = String(value);
  }
  if (typeof body['gateway'] === 'object' && body['gateway'] !== null) {
    return malformed('The field gateway is neither true nor false.');
  }
  const text = (field: (typeof textFields)[number]): string => texts[field] ?? '';
  const deviceName = text('deviceName').trim();
  return {
    deviceName,
    hasBlankName: deviceName === '' && text('deviceName') !== '',
    key: text('provisionDeviceKey'),
    secret: proof?.value ?? text('provisionDeviceSecret'),
    credentialsType: text('credentialsType') || (proof?.by === 'deviceKey' ? 'JWT' : 'ACCESS_TOKEN'),
    token: text('token'),
    username: text('username'),
    password: text('password'),
    clientId: text('clientId'),
    // As ThingsBoard's parser (Gson's getAsBoolean): the text "true" in any case counts, all else is false.
    publicKey: readPublicKey(body['publicKey']),
    alg: text('alg'),
    proof,
    isGateway: String(body['gateway']).toLowerCase() === 'true',
  };
}

/**
 * A chip id sent as a number is a name as it was written: read as a double, two ids above 2^53 would become one name.
 */
function keepNumbersAsWritten(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? String(value)) : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A PEM text or a JWK of texts; whether it is a key is found out where credentials are made. */
function readPublicKey(value: unknown): JwtCredentialsRequest['publicKey'] {
  if (typeof value === 'string' && value !== '') return value;
  return isObject(value) && typeof value['kty'] === 'string' ? { ...value, kty: value['kty'] } : undefined;
}
