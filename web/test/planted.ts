/** Markup in the place of every name, key, value and text that somebody may choose: all of it has to stay text. */
import type { Page } from 'playwright-core';
import type { DashboardLayout } from '#contract/dashboards.ts';
import type { GapuraClient } from '#sdk/client.ts';
import { everyKind } from './every-kind.ts';

/** Would be an element, run, and ask the server, if it were taken for markup. */
export const planted = '<img src=/planted data-planted onerror=alert(1)>';
/** Would run if it became the address of a link. */
const address = 'javascript:alert(1)';

export interface PlantedWorld {
  readonly deviceId: string;
  readonly profileId: string;
  readonly dashboardId: string;
}

/** @param url of the server, to be turned away from with a name of one's own choice */
export async function plantEverywhere(client: GapuraClient, url: string, password: string): Promise<PlantedWorld> {
  await client.tenant.update({ name: planted });
  const profile = await client.profiles.create({
    ...{ name: planted, description: address },
    provisioning: { strategy: 'ALLOW_CREATE_NEW_DEVICES' },
  });
  const device = await client.devices.create({
    ...{ name: planted, label: `${planted} ${address}`, description: planted, profileId: profile.id },
  });
  const values = { temperature: 21.5, state: planted, [planted]: { [planted]: planted }, link: address, isOpen: true };
  await client.telemetry.write(device.id, values);
  for (const scope of ['shared', 'server'] as const) {
    await client.attributes.write(device.id, scope, { [planted]: planted, nested: { [planted]: [planted] }, address });
  }
  const { id: dashboardId } = await client.dashboards.create({
    ...{ name: planted, description: planted, layout: plantedLayout(device.id) },
  });
  await client.users.create({ email: 'planted@example.com', name: planted, password, role: 'viewer' });
  await client.apiKeys.create({ name: planted, role: 'viewer' });
  const request = { deviceName: planted, provisionDeviceKey: planted, provisionDeviceSecret: planted };
  await fetch(`${url}/api/v1/provision`, { method: 'POST', body: JSON.stringify(request) });
  return { deviceId: device.id, profileId: profile.id, dashboardId };
}

/** Every kind of widget, each with planted texts. */
function plantedLayout(deviceId: string): DashboardLayout {
  const layout = everyKind(deviceId);
  return {
    ...layout,
    variables: layout.variables.map((variable) => ({ ...variable, label: planted })),
    widgets: layout.widgets.map((widget) => ({
      ...widget,
      title: `${widget.title} ${planted}`,
      ...(widget.kind === 'text' && { text: `${planted}\n[link](${address})` }),
      ...(widget.kind === 'table' && { keys: ['state', planted] }),
      ...('unit' in widget && { unit: '<b>°</b>' }),
    })),
  };
}

/** What became of it on this page: elements, scripts and addresses that nobody wrote. */
export function grownFrom(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll(
    '[data-planted], [onerror], script:not([src]), a[href^="javascript:" i], [style*="javascript:" i]',
  )].map((one) => one.outerHTML)`);
}
