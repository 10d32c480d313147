/** One's own account: what it is called, and the language that follows its owner to another browser. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownerPassword } from '../../server/test/create-test-app.ts';
import { browserPath } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';

let world: ConsoleWorld;

beforeAll(async () => {
  if (browserPath !== undefined) world = await startConsoleWorld();
});
afterAll(() => world?.stop());

test.skipIf(browserPath === undefined)(
  'a viewer changes their name and language, and the next browser speaks it after the sign-in',
  async () => {
    const email = 'wayan@example.com';
    await world.app.client.users.create({ email, password: ownerPassword, role: 'viewer' });
    const first = await world.browse();
    const page = await first.open(`${world.app.url}/sign-in`);
    await signIn(page, email);
    await page.goto(`${world.app.url}/settings`);
    await page.getByLabel('Your name').fill('Wayan');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    await page.getByLabel('Language').selectOption('id');
    await page.getByRole('heading', { name: 'Akun Anda' }).waitFor();
    await expect
      .poll(async () => (await world.app.client.users.list()).items.find((user) => user.email === email))
      .toMatchObject({ name: 'Wayan', language: 'id' });
    await page.getByRole('link', { name: 'Ringkasan' }).first().click();
    await page.getByText('Wayan').first().waitFor();

    const second = await world.browse();
    const elsewhere = await second.open(`${world.app.url}/sign-in`);
    await elsewhere.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(elsewhere, email);
    await elsewhere.getByRole('heading', { name: 'Ringkasan' }).waitFor();
    expect([...first.faults, ...second.faults]).toEqual([]);
  },
);
