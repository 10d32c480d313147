/** A server with its console, and browsers on it. */

import type { Page } from 'playwright-core';
import { createTestApp, ownerEmail, ownerPassword, type TestApp } from '../../server/test/create-test-app.ts';
import { type BrowserOptions, startBrowser, type TestBrowser } from './browser.ts';

export interface ConsoleWorld {
  readonly app: TestApp;
  /** A browser that nobody is signed in with. */
  browse(options?: Omit<BrowserOptions, 'origin'>): Promise<TestBrowser>;
  stop(): Promise<void>;
}

export async function startConsoleWorld(): Promise<ConsoleWorld> {
  const app = await createTestApp();
  const browsers: TestBrowser[] = [];
  return {
    app,
    async browse(options) {
      const browser = await startBrowser({ ...options, origin: app.url });
      browsers.push(browser);
      return browser;
    },
    async stop() {
      await Promise.all(browsers.map((browser) => browser.close()));
      await app.stop();
    },
  };
}

/** Signs in by the form, as a person does. @returns on the overview */
export async function signIn(page: Page, email: string = ownerEmail, password: string = ownerPassword): Promise<void> {
  await page.locator('input[name=email]').fill(email);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
  await page.locator('main#content h1').waitFor();
}
