/** The JSON of a provisioning request (reference §1.5), from bytes to checked members. */
import { toStrictJson } from '../lib/relaxed-json.ts';
import { type Malformed, malformed } from './malformed.ts';

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
  for (const field of ['provisionDeviceKey', 'provisionDeviceSecret'] as const) {
    if ((body[field] ?? null) === null) return malformed(`Failed to find the field ${field} in JSON body {...}!`);
  }
  for (const field of textFields) {
    if (typeof body[field] === 'number') {
      body = JSON.parse(text, keepNumbersAsWritten);
      break;
    }
  }
  return read(body as Record<string, unknown>);
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
] as const;

function read(body: Record<string, unknown>): ProvisionRequest | Malformed {
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
    secret: text('provisionDeviceSecret'),
    credentialsType: text('credentialsType') || 'ACCESS_TOKEN',
    token: text('token'),
    username: text('username'),
    password: text('password'),
    clientId: text('clientId'),
    // As ThingsBoard's parser (Gson's getAsBoolean): the text "true" in any case counts, all else is false.
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
