/** How long telemetry is kept, as the owner says for all and an administrator for a profile. */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';

describe.skipIf(browserPath === undefined)('retention', () => {
  let world: ConsoleWorld;
  let page: Page;

  beforeAll(async () => {
    world = await startConsoleWorld();
    const browser = await world.browse();
    page = await browser.open(`${world.app.url}/sign-in`);
    await signIn(page);
  });
  afterAll(() => world?.stop());

  test('the owner limits what the organisation keeps, told what will go', async () => {
    await page.goto(`${world.app.url}/settings`);
    const form = page.locator('form', { has: page.getByLabel('Keep telemetry') });
    await form.getByLabel('Keep telemetry').selectOption('days');
    await form.getByLabel('Days').fill('30');
    await form.getByText('Telemetry older than 30 days is deleted for good').waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    expect((await world.app.client.tenant.get()).telemetryRetentionDays).toBe(30);
  });

  test('a profile says otherwise, or follows the organisation', async () => {
    const [profile] = (await world.app.client.profiles.list()).items;
    if (profile === undefined) throw new Error('There is no profile.');
    await page.goto(`${world.app.url}/profiles/${profile.id}`);
    const form = page.locator('form', { has: page.getByLabel('Keep telemetry') });
    await form.getByText('As the organisation: 30 days').waitFor({ state: 'attached' });
    await form.getByLabel('Keep telemetry').selectOption('forever');
    await form.getByRole('button', { name: 'Save' }).click();
    await expect.poll(async () => (await world.app.client.profiles.get(profile.id)).telemetryRetentionDays).toBe(null);
    await form.getByLabel('Keep telemetry').selectOption('tenant');
    await form.getByText('Telemetry older than 30 days is deleted for good').waitFor();
  });
});
