/** Every page, by its address. A page's code is loaded when somebody goes there, or is about to. */
import { createRouter } from '@tanstack/react-router';
import { appRoute } from './routes/app.tsx';
import { auditRoute } from './routes/audit.tsx';
import { dashboardRoute, dashboardsRoute, deviceDashboardRoute } from './routes/dashboards.tsx';
import { addDeviceRoute, deviceRoute, devicesRoute } from './routes/devices.tsx';
import { importRoute } from './routes/import.tsx';
import { apiKeysRoute, peopleRoute, settingsRoute } from './routes/organisation.tsx';
import { overviewRoute } from './routes/overview.tsx';
import { profileRoute, profilesRoute } from './routes/profiles.tsx';
import { rootRoute } from './routes/root.tsx';
import { setupRoute } from './routes/setup.tsx';
import { signInRoute } from './routes/sign-in.tsx';
import { PageLoading } from './shell/page-loading.tsx';

const routeTree = rootRoute.addChildren([
  setupRoute,
  signInRoute,
  appRoute.addChildren([
    overviewRoute,
    devicesRoute,
    addDeviceRoute,
    deviceRoute,
    profilesRoute,
    profileRoute,
    importRoute,
    peopleRoute,
    apiKeysRoute,
    auditRoute,
    settingsRoute,
    dashboardsRoute,
    dashboardRoute,
    deviceDashboardRoute,
  ]),
]);

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultPendingComponent: PageLoading,
  // Local pages come within this time; a flicker of something else would be slower to the eye.
  defaultPendingMs: 300,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
