/** The one error type that rules throw; each transport maps it to its own codes in one place. */
import { type ErrorCode, errorCatalogue } from '#contract/errors.ts';

export interface AppErrorExtra {
  /** Which fields are wrong, as JSON pointers. */
  readonly errors?: readonly { path: string; message: string }[];
  /** When to try again, in milliseconds from now. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  /** HTTP status of the code. */
  readonly status: number;
  readonly extra: AppErrorExtra;

  /**
   * @param code from the catalogue in `contract/errors.ts`
   * @param detail one sentence: what was wrong, where, and what would be right. Never a secret.
   */
  constructor(code: ErrorCode, detail?: string, extra: AppErrorExtra = {}) {
    super(detail ?? errorCatalogue[code].title, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.status = errorCatalogue[code].status;
    this.extra = extra;
  }
}

/** A fault that ends the program with one line that says what to do; no stack is shown. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}
