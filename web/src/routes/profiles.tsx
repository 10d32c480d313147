import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { parseNew } from '../shell/use-new.ts';
import { appRoute } from './app.tsx';

export const profilesRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/profiles',
  validateSearch: parseNew,
  component: lazyRouteComponent(() => import('../features/profiles/profiles-page.tsx'), 'ProfilesPage'),
});

export const profileRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/profiles/$profileId',
  component: lazyRouteComponent(() => import('../features/profiles/profile-page.tsx'), 'ProfilePage'),
});
