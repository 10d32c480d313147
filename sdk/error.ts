import type { ErrorCode, Problem } from '#contract/errors.ts';

/** Codes of the platform's catalogue, and three that only a client can know. */
export type GapuraErrorCode =
  | ErrorCode
  /** No answer came: the server is not there, or the connection broke. */
  | 'connection_failed'
  /** The caller's `signal` ended the request. */
  | 'aborted'
  /** An answer came that Gapura does not send; is something else listening at this address? */
  | 'unexpected_answer';

export interface GapuraErrorExtra {
  /** Which fields are wrong, as JSON pointers. */
  readonly errors?: readonly { path: string; message: string }[] | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The id of the request, as in the server's log. */
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** The one error that this client throws. Compare `code`; the message is for people. */
export class GapuraError extends Error {
  override readonly name = 'GapuraError';
  readonly code: GapuraErrorCode;
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly errors: readonly { path: string; message: string }[];
  /** When the server asks to try again, milliseconds from now. */
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;

  constructor(code: GapuraErrorCode, status: number, message: string, extra: GapuraErrorExtra = {}) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.status = status;
    this.errors = extra.errors ?? [];
    this.retryAfterMs = extra.retryAfterMs;
    this.requestId = extra.requestId;
  }
}

/** Reads the problem details of an answer that is not 2xx. */
export async function errorOfAnswer(answer: Response, what: string): Promise<GapuraError> {
  const text = await answer.text().catch(() => '');
  const problem = parseProblem(text);
  if (problem === undefined) {
    return new GapuraError(
      'unexpected_answer',
      answer.status,
      `${what} was answered with ${answer.status} and no problem details: is ${new URL(answer.url).origin} a Gapura server?`,
    );
  }
  return errorOfProblem(problem, retryAfterOf(answer));
}

/** @param retryAfterMs what the Retry-After header said, when the problem itself does not say it */
export function errorOfProblem(problem: Problem, retryAfterMs?: number): GapuraError {
  // The server's catalogue may be newer than this client's: an unknown code passes as the text it is.
  return new GapuraError(problem.code as GapuraErrorCode, problem.status, problem.detail ?? problem.title, {
    errors: problem.errors,
    retryAfterMs: problem.retryAfterMs ?? retryAfterMs,
    requestId: problem.instance,
  });
}

function retryAfterOf(answer: Response): number | undefined {
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function parseProblem(text: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isProblem(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'status' in value &&
    typeof value.status === 'number' &&
    'title' in value &&
    typeof value.title === 'string'
  );
}
