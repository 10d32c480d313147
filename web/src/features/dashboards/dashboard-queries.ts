import { queryOptions } from '@tanstack/react-query';
import { gapura } from '../../api.ts';

export const dashboardQuery = (id: string) =>
  queryOptions({ queryKey: ['dashboards', id], queryFn: ({ signal }) => gapura.dashboards.get(id, signal) });
