import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from './root.tsx';

export interface SignInSearch {
  /** Where the person wanted to go; an address of this console alone. */
  readonly next?: string;
  /** Why they are here although they were signed in. */
  readonly reason?: 'expired';
}

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): SignInSearch => ({
    ...(isOwnAddress(search['next']) && { next: search['next'] }),
    ...(search['reason'] === 'expired' && { reason: 'expired' as const }),
  }),
  component: lazyRouteComponent(() => import('../features/sign-in/sign-in-page.tsx'), 'SignInPage'),
});

/** `//host` and `/\host` lead elsewhere, so an address begins with one slash and goes on with something else. */
function isOwnAddress(value: unknown): value is string {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value);
}
