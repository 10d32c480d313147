/** Which passwords are good enough. The estimator is loaded when it is needed and let go of when it was idle. */
import { Worker } from 'node:worker_threads';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { StrengthReply, StrengthRequest } from './password-strength-thread.ts';

/** Characters, not bytes. Between NIST SP 800-63B's least (8) and what it asks where nothing else protects (15). */
const minimumLength = 12;
/** zxcvbn: "safely unguessable: moderate protection from offline slow-hash scenario". */
const minimumScore = 3;
/** Its work grows with the square of the length; what follows can only make a password stronger. */
const estimatedLength = 100;
/** What remains when name and address are cut out must be worth something by itself. */
const minimumOwnLength = 6;
/** Set-up and an admin who adds people one after the other reuse the loaded dictionaries. */
const idleMs = 20_000;
const estimateTimeoutMs = 15_000;
/** Estimates take 20 ms each, half a second at worst. */
const pendingLimit = 16;

export interface PasswordStrength {
  /**
   * Refuses a password that is too short or easy to guess.
   * @param known what others know of the user (e-mail address, name, tenant): no password is made of that
   * @throws AppError `weak_password` with a hint in words, `overloaded`
   */
  check(password: string, known: readonly string[]): Promise<void>;
  /** Ends the thread if one runs. */
  stop(): Promise<void>;
}

export function createPasswordStrength({ clock }: { readonly clock: Clock }): PasswordStrength {
  const pending = new Map<number, { resolve(reply: StrengthReply): void; reject(error: Error): void }>();
  let worker: Worker | undefined;
  let cancelIdle = (): void => {};
  let nextId = 1;

  const end = async (reason: Error): Promise<void> => {
    cancelIdle();
    const ended = worker;
    worker = undefined;
    for (const { reject } of pending.values()) reject(reason);
    pending.clear();
    await ended?.terminate();
  };
  const fail = (cause: unknown): void => {
    void end(new AppError('overloaded', 'The password could not be examined. Try again.', { cause }));
  };

  const start = (): Worker => {
    const started = new Worker(new URL('./password-strength-thread.ts', import.meta.url));
    started.unref();
    started.on('message', (reply: StrengthReply) => {
      pending.get(reply.id)?.resolve(reply);
      pending.delete(reply.id);
      if (pending.size === 0) {
        started.unref();
        cancelIdle = clock.after(idleMs, () => fail(undefined));
      }
    });
    started.on('error', (error) => {
      if (worker === started) fail(error);
    });
    return started;
  };

  const estimate = async (password: string, known: readonly string[]): Promise<StrengthReply> => {
    if (pending.size >= pendingLimit) {
      throw new AppError('overloaded', 'Too many passwords are being set at once.', { retryAfterMs: 2000 });
    }
    cancelIdle();
    worker ??= start();
    worker.ref();
    const id = nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<StrengthReply>();
    pending.set(id, { resolve, reject });
    worker.postMessage({ id, password, known } satisfies StrengthRequest);
    const cancelTimeout = clock.after(estimateTimeoutMs, () => fail('timeout'));
    return promise.finally(cancelTimeout);
  };

  return {
    async check(password, known) {
      const length = [...password].length;
      if (length < minimumLength) {
        throw new AppError('weak_password', `A password has at least ${minimumLength} characters; this one ${length}.`);
      }
      const words = wordsOf(known);
      if (isMadeOf(words, password)) {
        throw new AppError('weak_password', 'The password is made of what others know of you. Add words of your own.');
      }
      const { score, hints } = await estimate(password.slice(0, estimatedLength), words);
      if (score < minimumScore) {
        const advice = hints.length === 0 ? 'Add another word or two that are less common.' : hints.join(' ');
        throw new AppError('weak_password', `The password is easy to guess. ${advice}`);
      }
    },
    stop: () => end(new AppError('shutting_down')),
  };
}

/** The texts and their parts, longest first. */
function wordsOf(known: readonly string[]): string[] {
  const words = known.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)]).map((word) => word.toLowerCase());
  return [...new Set([...words, 'gapura'])].filter((word) => word.length >= 3).sort((a, b) => b.length - a.length);
}

/** Whether the password has words of those in it, and too few letters and digits of its own. */
function isMadeOf(words: readonly string[], password: string): boolean {
  const whole = password.toLowerCase();
  let rest = whole;
  for (const word of words) rest = rest.replaceAll(word, '');
  return rest !== whole && rest.replace(/[^\p{L}\p{N}]/gu, '').length < minimumOwnLength;
}
