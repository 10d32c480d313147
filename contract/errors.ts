/**
 * The error catalogue of the platform API: a stable `code`, the HTTP status it is answered with, and a short title.
 * Scripts compare codes; titles and details are for people and may change.
 */
import { type Static, Type } from 'typebox';

export const errorCatalogue = {
  // 400: the request itself
  invalid_request: { status: 400, title: 'The request is not valid' },
  invalid_payload: { status: 400, title: 'The payload is not valid' },
  invalid_cursor: { status: 400, title: 'The cursor is not valid' },
  weak_password: { status: 400, title: 'The password is too weak' },
  // 401: who is it
  missing_credentials: { status: 401, title: 'Credentials are missing' },
  invalid_credentials: { status: 401, title: 'The credentials are not valid' },
  session_expired: { status: 401, title: 'The session has ended' },
  missing_token: { status: 401, title: 'The device shows no token' },
  invalid_token: { status: 401, title: 'The token is not valid' },
  stale_token: { status: 401, title: 'The time in the token is not the time of the server' },
  use_nonce: { status: 401, title: 'The token needs the nonce of this answer' },
  replayed: { status: 401, title: 'The token was used before' },
  request_mismatch: { status: 401, title: 'The token was made for another request' },
  // 403: may they
  forbidden: { status: 403, title: 'This role may not do that' },
  setup_token_invalid: { status: 403, title: 'The set-up link is not valid' },
  cross_site_request: { status: 403, title: 'The request came from another site' },
  insufficient_scope: { status: 403, title: 'The token does not cover this' },
  device_disabled: { status: 403, title: 'The device is disabled' },
  auth_too_weak: { status: 403, title: 'The device profile asks for stronger authentication' },
  https_required: { status: 403, title: 'The device profile asks for TLS' },
  // 404, 405, 406, 408, 409, 410, 413, 415
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  request_timeout: { status: 408, title: 'The request took too long' },
  name_taken: { status: 409, title: 'The name is taken' },
  email_taken: { status: 409, title: 'The e-mail address is taken' },
  credentials_taken: { status: 409, title: 'The credentials are taken' },
  conflict: { status: 409, title: 'It was changed meanwhile' },
  in_use: { status: 409, title: 'It is still in use' },
  last_owner: { status: 409, title: 'A tenant needs an owner' },
  already_set_up: { status: 409, title: 'Gapura is set up already' },
  idempotency_key_reused: { status: 409, title: 'The Idempotency-Key was used for another request' },
  not_set_up: { status: 409, title: 'Gapura is not set up yet' },
  payload_too_large: { status: 413, title: 'The payload is too large' },
  unsupported_media_type: { status: 415, title: 'The media type is not supported' },
  // 429, 5xx
  rate_limited: { status: 429, title: 'Too many requests' },
  locked_out: { status: 429, title: 'Too many failed attempts' },
  internal_error: { status: 500, title: 'Something went wrong inside of Gapura' },
  overloaded: { status: 503, title: 'Gapura is busy' },
  storage_unavailable: { status: 503, title: 'The storage does not take data now' },
  shutting_down: { status: 503, title: 'Gapura is shutting down' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** One fault in a request: `path` is a JSON pointer into body, query or params (RFC 6901). */
export const FieldError = Type.Object({ path: Type.String(), message: Type.String() });

/** Problem details (RFC 9457) with the platform's stable `code`. Media type `application/problem+json`. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Always about:blank; `code` tells the kind' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.Optional(Type.String()),
    instance: Type.Optional(Type.String({ description: 'The id of the request, as in the log' })),
    errors: Type.Optional(Type.Array(FieldError)),
    retryAfterMs: Type.Optional(Type.Integer()),
  },
  { $id: 'Problem' },
);
export type Problem = Static<typeof Problem>;
