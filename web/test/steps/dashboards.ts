/** A dashboard, from its name to its widgets. */
import { goTo, type Visitor } from './visitor.ts';

/** @returns in its editor */
export async function newDashboard(visitor: Visitor, name: string): Promise<void> {
  const { page, t } = visitor;
  await goTo(visitor, 'dashboards');
  await page.getByRole('button', { name: t.dashboards.new }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(t.dashboards.name, { exact: true }).fill(name);
  await dialog.getByRole('button', { name: t.dashboards.create, exact: true }).click();
  await page.getByText(t.dashboards.edit.empty).waitFor();
}

/** A widget that shows one key of one device. */
export async function addWidget({ page, t }: Visitor, kind: string, device: string, key: string): Promise<void> {
  await page.getByRole('button', { name: t.dashboards.edit.add }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(t.dashboards.edit.kind).selectOption(kind);
  await dialog.getByLabel(t.dashboards.source.device).fill(device);
  // It is known by its keys then.
  await dialog.getByRole('button', { name: key, exact: true }).click();
  await dialog.getByRole('button', { name: t.dashboards.edit.addThis, exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
}

export async function saveDashboard({ page, t }: Visitor): Promise<void> {
  await page.getByRole('button', { name: t.common.save }).click();
  await page.getByText(t.dashboards.saved).waitFor();
}
