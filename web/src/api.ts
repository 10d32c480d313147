/** The one client of the console, and the cache before it. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { createClient } from '#sdk/client.ts';
import { GapuraError } from '#sdk/error.ts';

export const gapura = createClient({ baseUrl: '' });

/** The server says that nobody is signed in: wrong cookie, none, or one that has ended. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof GapuraError && error.status === 401;
}

let signedOut: () => void = () => {};
/** Told when an answer says that the session has ended. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

const noticeSignOut = (error: unknown): void => {
  if (isSignedOut(error)) signedOut();
};

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // Asking who is signed in is no news of a session that ended.
      if (query.queryKey[0] !== 'session') noticeSignOut(error);
    },
  }),
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      if (mutation.options.meta?.['provesIdentity'] !== true) noticeSignOut(error);
    },
  }),
  defaultOptions: {
    queries: {
      // The sdk repeats what is worth repeating.
      retry: false,
      staleTime: 10_000,
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});
