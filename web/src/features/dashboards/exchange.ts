/** Dashboards as files. The server checks what comes back. */
import type { CreateDashboard, Dashboard, DashboardLayout } from '#contract/dashboards.ts';

const format = 'gapura-dashboard';

export function exportText({ name, description, layout }: Pick<Dashboard, 'name' | 'description' | 'layout'>): string {
  return `${JSON.stringify({ format, version: 1, name, description, layout }, null, 2)}\n`;
}

/** Undefined when the text is no dashboard of ours. */
export function importText(text: string): CreateDashboard | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== format)
      return undefined;
    if (!('name' in value) || typeof value.name !== 'string' || !('layout' in value)) return undefined;
    const description = 'description' in value && typeof value.description === 'string' ? value.description : '';
    // Its shape is for the server to judge, which says what is wrong.
    return { name: value.name, description, layout: value.layout as DashboardLayout };
  } catch {
    return undefined;
  }
}
