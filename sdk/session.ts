import type { Session, SignIn } from '#contract/session.ts';
import type { ChangePassword, UpdateOwnUser, User } from '#contract/users.ts';
import type { Requester } from './requester.ts';

/** Signing in and out. In a browser the cookie keeps the session; scripts use an API key instead. */
export interface SessionClient {
  /** Who makes these requests. */
  get(signal?: AbortSignal): Promise<Session>;
  signIn(credentials: SignIn, signal?: AbortSignal): Promise<Session>;
  signOut(signal?: AbortSignal): Promise<void>;
  /** One's own name and language. */
  updateUser(change: UpdateOwnUser, signal?: AbortSignal): Promise<User>;
  /** One's own; ends all other sessions. */
  changePassword(change: ChangePassword, signal?: AbortSignal): Promise<Session>;
}

export function createSessionClient({ json }: Requester): SessionClient {
  return {
    get: (signal) => json('GET', '/v1/session', { signal }),
    signIn: (credentials, signal) => json('POST', '/v1/session', { json: credentials, signal }),
    signOut: (signal) => json('DELETE', '/v1/session', { signal }),
    updateUser: (change, signal) => json('PATCH', '/v1/session/user', { json: change, signal }),
    changePassword: (change, signal) => json('POST', '/v1/session/password', { json: change, signal }),
  };
}
