/** Who is signed in, and what they may do. */
import { queryOptions } from '@tanstack/react-query';
import { useRouteContext } from '@tanstack/react-router';
import type { Role } from '#contract/common.ts';
import type { Session } from '#contract/session.ts';
import type { Language, UpdateOwnUser, User } from '#contract/users.ts';
import { gapura, isSignedOut, queryClient } from '../api.ts';

/** Null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await gapura.session.get(signal);
    } catch (error) {
      if (isSignedOut(error)) return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => gapura.setup.state(signal),
  staleTime: 0,
});

/** The session of the pages behind the sign-in. */
export function useSession(): Session {
  return useRouteContext({ from: '/app', select: (context) => context.session });
}

// Strongest first, as in the contract (whose schemas stay out of the console).
const roles: readonly Role[] = ['owner', 'admin', 'operator', 'viewer'];

/** Whether `role` may do what asks for `needed`. */
export function hasRole(role: Role, needed: Role): boolean {
  return roles.indexOf(role) <= roles.indexOf(needed);
}

/** Whether the person at the screen may do what asks for `needed`. The server decides; this only spares a refusal. */
export function useMay(needed: Role): boolean {
  return hasRole(useSession().role, needed);
}

/** Takes over who has just signed in. */
export function beginSession(session: Session): void {
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, session);
}

/** Changes one's own account; the session tells it from now on (pages that show it: `router.invalidate()`). */
export async function updateOwnUser(change: UpdateOwnUser): Promise<User> {
  const user = await gapura.session.updateUser(change);
  queryClient.setQueryData(sessionQuery.queryKey, (session) => session && { ...session, user });
  return user;
}

/** Keeps the language with the account, so that it is spoken at the next sign-in, wherever that is. */
export async function rememberLanguage(language: Language): Promise<void> {
  const known = queryClient.getQueryData(sessionQuery.queryKey)?.user?.language;
  if (known !== undefined && known !== language) await updateOwnUser({ language });
}

/** Forgets everything that the session showed. */
export function endSession(): void {
  gapura.live.close();
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, null);
}
