/** The pages behind the sign-in. Without a session it leads to the sign-in, without an owner to the set-up. */
import { createRoute, redirect } from '@tanstack/react-router';
import { queryClient } from '../api.ts';
import { sessionQuery, setupQuery } from '../session/session.ts';
import { NotFound } from '../shell/not-found.tsx';
import { PageError } from '../shell/page-error.tsx';
import { Shell } from '../shell/shell.tsx';
import { rootRoute } from './root.tsx';

export const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'app',
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (session !== null) return { session };
    const setup = await queryClient.ensureQueryData(setupQuery);
    if (setup.required) throw redirect({ to: '/setup' });
    const next = location.href === '/' ? undefined : location.href;
    throw redirect({ to: '/sign-in', search: next === undefined ? {} : { next } });
  },
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: PageError,
});
