/** Password hashes: argon2id (RFC 9106) in the PHC string form, a few at a time. */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors.ts';

export interface PasswordCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** The first of OWASP's equal choices for argon2id (Password Storage Cheat Sheet). About 30 ms on one core. */
export const defaultPasswordCost: PasswordCost = { memoryKib: 19_456, passes: 2, parallelism: 1 };

/** libuv has four threads for files, DNS and this: half of them stay free. */
const concurrentHashes = 2;
/** Some 2 s of waiting at the default cost; who comes later is told to come back instead. */
const queueLimit = 64;
const saltBytes = 16;
const hashBytes = 32;
/** No stored hash may ask for more than this, whoever wrote it: 256 MiB, 16 passes, 8 lanes. */
const costLimit: PasswordCost = { memoryKib: 262_144, passes: 16, parallelism: 8 };

export interface PasswordHasher {
  /** @returns `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. @throws AppError `overloaded` */
  hash(password: string): Promise<string>;
  /**
   * Whether the password belongs to the hash. Without a hash (there is no such user) it works as long and says no, so
   * the time does not tell who exists. @throws AppError `overloaded`
   */
  verify(stored: string | undefined, password: string): Promise<boolean>;
  /** Whether the hash was made at another cost than the present one. */
  isOutdated(stored: string): boolean;
}

export function createPasswordHasher(cost: PasswordCost = defaultPasswordCost): PasswordHasher {
  const slots = createSlots(concurrentHashes, queueLimit);
  const nobody: ParsedHash = { cost, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) };

  return {
    async hash(password) {
      const salt = randomBytes(saltBytes);
      const hash = await slots(() => derive(password, salt, cost, hashBytes));
      const { memoryKib, passes, parallelism } = cost;
      return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${encode(salt)}$${encode(hash)}`;
    },
    async verify(stored, password) {
      const parsed = (stored === undefined ? undefined : parse(stored)) ?? nobody;
      const hash = await slots(() => derive(password, parsed.salt, parsed.cost, parsed.hash.length));
      return timingSafeEqual(hash, parsed.hash) && parsed !== nobody;
    },
    isOutdated(stored) {
      const made = parse(stored)?.cost;
      return made?.memoryKib !== cost.memoryKib || made.passes !== cost.passes || made.parallelism !== cost.parallelism;
    },
  };
}

interface ParsedHash {
  readonly cost: PasswordCost;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

const phcForm =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

function parse(stored: string): ParsedHash | undefined {
  const [, m, t, p, salt, hash] = phcForm.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const cost = { memoryKib: Number(m), passes: Number(t), parallelism: Number(p) };
  const isSane =
    cost.memoryKib <= costLimit.memoryKib &&
    cost.passes >= 1 &&
    cost.passes <= costLimit.passes &&
    cost.parallelism >= 1 &&
    cost.parallelism <= costLimit.parallelism &&
    cost.memoryKib >= 8 * cost.parallelism;
  return isSane ? { cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') } : undefined;
}

/** PHC strings carry base64 without padding. */
function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

function derive(password: string, salt: Uint8Array, cost: PasswordCost, tagLength: number): Promise<Uint8Array> {
  const parameters: Argon2Parameters = {
    // One password, however the keyboard composes its accents (RFC 8265 §4.2.1: NFC).
    message: Buffer.from(password.normalize('NFC')),
    nonce: salt,
    memory: cost.memoryKib,
    passes: cost.passes,
    parallelism: cost.parallelism,
    tagLength,
  };
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  argon2('argon2id', parameters, (error, key) => (error === null ? resolve(key) : reject(error)));
  return promise;
}

/** Runs `limit` tasks at a time and keeps `waitLimit` more waiting. */
function createSlots(limit: number, waitLimit: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running >= limit) {
      if (waiting.length >= waitLimit) {
        throw new AppError('overloaded', 'Too many people are signing in at once.', { retryAfterMs: 2000 });
      }
      // The one that ends hands its slot on, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
