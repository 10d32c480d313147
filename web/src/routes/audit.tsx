import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { type AuditSearch, auditPeriods } from '../features/audit/audit-search.ts';
import { appRoute } from './app.tsx';

const texts = ['action', 'actorId', 'actorName', 'targetId', 'targetName'] as const;

export const auditRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>): AuditSearch => {
    const period = auditPeriods.find((each) => each === search['period']);
    const given = texts.flatMap((name) => {
      const value = search[name];
      return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
    });
    return { ...Object.fromEntries(given), ...(period !== undefined && { period }) };
  },
  component: lazyRouteComponent(() => import('../features/audit/audit-page.tsx'), 'AuditPage'),
});
