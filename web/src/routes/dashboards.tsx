import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { parseDashboardSearch } from '../features/dashboards/dashboard-search.ts';
import { parseNew } from '../shell/use-new.ts';
import { appRoute } from './app.tsx';

export const dashboardsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/dashboards',
  validateSearch: parseNew,
  component: lazyRouteComponent(() => import('../features/dashboards/dashboards-page.tsx'), 'DashboardsPage'),
});

export const dashboardRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/dashboards/$dashboardId',
  validateSearch: parseDashboardSearch,
  component: lazyRouteComponent(() => import('../features/dashboards/dashboard-page.tsx'), 'DashboardPage'),
});

export const deviceDashboardRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/devices/$deviceId/dashboard',
  validateSearch: parseDashboardSearch,
  component: lazyRouteComponent(
    () => import('../features/dashboards/device-dashboard-page.tsx'),
    'DeviceDashboardPage',
  ),
});
