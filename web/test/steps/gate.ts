/** In and out: set-up, sign-in, sign-out. */
import { expect } from 'vitest';
import type { Visitor } from './visitor.ts';

export interface Account {
  readonly email: string;
  readonly password: string;
}

/** Makes the owner on the page that the printed link leads to. @returns on the overview */
export async function setUp({ page, t }: Visitor, owner: Account, organisation: string): Promise<void> {
  const password = page.getByLabel(t.setUp.password, { exact: true });
  await page.getByLabel(t.setUp.tenantName).fill(organisation);
  await page.getByLabel(t.setUp.email).fill(owner.email);
  await password.fill('password');
  await page.getByText(t.setUp.tooShort).waitFor();
  await password.fill(owner.password);
  await page.getByText(t.setUp.strength[4], { exact: true }).waitFor();
  // Who looks over a shoulder, or at the history, does not find the token.
  expect(new URL(page.url()).hash).toBe('');
  await page.getByRole('button', { name: t.setUp.submit }).click();
  await page.getByRole('heading', { name: t.overview.title, level: 1 }).waitFor();
  await page.getByText(organisation).first().waitFor();
}

/** Fills the form that is shown. */
export async function signIn({ page, t }: Visitor, { email, password }: Account): Promise<void> {
  await page.getByLabel(t.signIn.email).fill(email);
  await page.getByLabel(t.signIn.password).fill(password);
  await page.getByRole('button', { name: t.signIn.submit }).click();
}

export async function signOut({ page, t }: Visitor, shownAs: string): Promise<void> {
  await page.getByRole('button', { name: shownAs }).click();
  await page.getByRole('menuitem', { name: t.common.signOut }).click();
  await page.getByRole('heading', { name: t.signIn.title }).waitFor();
}
