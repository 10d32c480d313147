import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, errorCatalogue, type Problem } from '#contract/errors.ts';
import { AppError, type AppErrorExtra } from '../errors.ts';

/** Faults that Fastify itself finds, in the terms of the catalogue. */
const fastifyCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
};

/** Answers with problem details (RFC 9457). What is not in the catalogue is logged and told as `internal_error`. */
export function replyWithProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  onRejection?: (code: ErrorCode) => void,
): FastifyReply {
  const fault = toAppError(error as FastifyError);
  onRejection?.(fault.code);
  if (fault.status >= 500) request.log.error({ err: error, requestId: request.id }, 'request failed');
  const { retryAfterMs } = fault.extra;
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)));
  // RFC 9110 §15.5.2: a 401 names a way in. (Bearer, for Basic would make browsers ask with a window of their own.)
  if (fault.status === 401) reply.header('www-authenticate', 'Bearer realm="gapura"');
  return reply
    .code(fault.status)
    .header('content-type', 'application/problem+json')
    .serializer(JSON.stringify)
    .send(toProblem(fault.code, fault.message, { ...fault.extra }, request.id));
}

/** The body of a problem answer. @param instance id of the request, as in the log */
export function toProblem(code: ErrorCode, detail: string, extra: AppErrorExtra = {}, instance?: string): Problem {
  const { status, title } = errorCatalogue[code];
  return {
    type: 'about:blank',
    title,
    status,
    code,
    ...(detail !== title && { detail }),
    ...(instance !== undefined && { instance }),
    ...(extra.errors !== undefined && { errors: [...extra.errors] }),
    ...(extra.retryAfterMs !== undefined && { retryAfterMs: extra.retryAfterMs }),
  };
}

function toAppError(error: FastifyError): AppError {
  if (error instanceof AppError) return error;
  if (error.validation !== undefined) {
    const where = error.validationContext ?? 'body';
    const errors = error.validation.map((issue) => ({
      path: `/${where}${issue.instancePath}`,
      message: issue.message ?? 'is not valid',
    }));
    const first = errors[0];
    return new AppError('invalid_request', first && `${first.path} ${first.message}.`, { errors });
  }
  const code = fastifyCodes[error.code];
  if (code !== undefined) return new AppError(code, error.message);
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new AppError('invalid_request', error.message);
  }
  return new AppError('internal_error');
}
