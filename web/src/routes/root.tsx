import { createRootRoute, Outlet } from '@tanstack/react-router';
import { NotFound } from '../shell/not-found.tsx';
import { PageError } from '../shell/page-error.tsx';

export const rootRoute = createRootRoute({
  component: Outlet,
  notFoundComponent: () => (
    <main>
      <NotFound />
    </main>
  ),
  errorComponent: PageError,
});
