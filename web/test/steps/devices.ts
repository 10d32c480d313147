/** What people do with devices: bring them in, look at them, tell them something, give them new credentials. */
import { expect } from 'vitest';
import type { FleetSecret } from '../test-device.ts';
import { filled } from '../texts.ts';
import type { Visitor } from './visitor.ts';

/** With the wizard, from the overview of a Gapura without devices. @returns what the wizard says that devices shall carry */
export async function openToFleet({ page, t }: Visitor, profile: string): Promise<FleetSecret> {
  await page.getByText(t.overview.empty.title).waitFor();
  await page.getByRole('link', { name: t.overview.addDevice }).first().click();
  await page.getByRole('radio', { name: t.addDevice.fleet.title }).check();
  await page.getByLabel(t.addDevice.fleet.profileName).fill(profile);
  await page.getByRole('button', { name: t.addDevice.fleet.open }).click();
  await page.getByText(t.addDevice.wait.waiting).waitFor();
  const copied = async (name: string): Promise<string> =>
    (await page.getByText(name, { exact: true }).locator('xpath=..').locator('code').getAttribute('title')) ?? '';
  const fleet = { key: await copied(t.addDevice.connect.key), secret: await copied(t.addDevice.connect.secret) };
  const code = (await page.locator('pre').textContent()) ?? '';
  for (const part of [fleet.key, fleet.secret, new URL(page.url()).origin]) expect(code).toContain(part);
  return fleet;
}

/** The wizard sees the device and its first values, and leads to its page. */
export async function seeFirstMessage({ page, t }: Visitor, device: string, value: string): Promise<void> {
  await page.getByText(t.addDevice.wait.arrived).waitFor();
  await page.getByText(device, { exact: true }).waitFor();
  await page.getByText(value, { exact: true }).waitFor();
  await page.getByRole('link', { name: t.addDevice.wait.open, exact: true }).click();
  await page.getByRole('heading', { name: device, level: 1 }).waitFor();
  await page.getByText(t.devices.online, { exact: true }).first().waitFor();
}

export async function openTab({ page, t }: Visitor, tab: keyof Visitor['t']['devices']['tab']): Promise<void> {
  await page.getByRole('tab', { name: t.devices.tab[tab], exact: true }).click();
  await page.getByRole('tabpanel', { name: t.devices.tab[tab], exact: true }).waitFor();
}

/** Gives a new shared attribute its first value. */
export async function addAttribute({ page, t }: Visitor, key: string, value: number): Promise<void> {
  await page.getByRole('button', { name: t.devices.attributes.add }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(t.devices.latest.key).fill(key);
  await dialog.getByLabel(t.devices.attributes.type).selectOption('number');
  await dialog.getByLabel(t.devices.latest.value).fill(String(value));
  await dialog.getByRole('button', { name: t.common.save }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('cell', { name: key, exact: true }).waitFor();
}

/** Gives an attribute that is there another value. */
export async function editAttribute({ page, t, number }: Visitor, key: string, value: number): Promise<void> {
  await page.getByRole('button', { name: filled(t.devices.attributes.editOf, { key }) }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(t.devices.latest.value).fill(String(value));
  await dialog.getByRole('button', { name: t.common.save }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('cell', { name: number(value), exact: true }).waitFor();
}

/** With the overlap that is offered. @returns the access tokens that are shown then */
export async function rotateToken({ page, t }: Visitor): Promise<{ current: string; old: string }> {
  const { rotate, retiring, current } = t.devices.credentials;
  await page.getByRole('button', { name: rotate, exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: rotate, exact: true }).click();
  await page.getByRole('heading', { name: retiring }).waitFor();
  const shown = async (title: string): Promise<string> => {
    const card = page.getByRole('region', { name: title });
    await card.getByRole('button', { name: t.devices.credentials.show }).click();
    return (await card.locator('code').getAttribute('title')) ?? '';
  };
  return { current: await shown(current), old: await shown(retiring) };
}
