/** A server with its console, and browsers on it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Page } from 'playwright-core';
import { createApp } from '../../server/src/app.ts';
import { configOf } from '../../server/src/config.ts';
import {
  cheapPasswords,
  createTestApp,
  ownerEmail,
  ownerPassword,
  type TestApp,
} from '../../server/test/create-test-app.ts';
import { type Browsers, createBrowsers } from './browser.ts';

export interface ConsoleWorld extends Pick<Browsers, 'browse'> {
  readonly app: TestApp;
  stop(): Promise<void>;
}

export async function startConsoleWorld(): Promise<ConsoleWorld> {
  const app = await createTestApp();
  const browsers = createBrowsers(app.url);
  return {
    app,
    browse: browsers.browse,
    async stop() {
      await browsers.close();
      await app.stop();
    },
  };
}

/** A Gapura that was started for the first time and belongs to nobody yet. */
export interface NewWorld extends Pick<Browsers, 'browse'> {
  readonly url: string;
  readonly mqttUrl: string;
  /** As it is printed at the start. */
  readonly setupLink: string;
  /** What it has counted begins anew; addresses and data stay. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param settings e.g. addresses that are shown to people */
export async function startNewWorld(settings: { publicUrl?: string; mqttPort?: number } = {}): Promise<NewWorld> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gapura-new-'));
  const ports = { httpPort: 0, httpsPort: 0, mqttPort: 0, mqttsPort: 0 };
  const startApp = async (addresses: object) => {
    const config = configOf({ dataDir, host: '127.0.0.1', ...ports, ...settings, ...addresses, logLevel: 'silent' });
    const made = await createApp({ config, log: pino({ level: 'silent' }), passwordCost: cheapPasswords });
    return { made, ...(await made.start()) };
  };
  const { httpPort, mqttPort, ...first } = await startApp({});
  let app = first.made;
  const url = `http://127.0.0.1:${httpPort}`;
  const browsers = createBrowsers(url);
  return {
    url,
    mqttUrl: `mqtt://127.0.0.1:${mqttPort}`,
    setupLink: `${url}/setup#token=${app.setupToken}`,
    browse: browsers.browse,
    async restart() {
      await app.stop();
      app = (await startApp({ httpPort, mqttPort })).made;
    },
    async stop() {
      await browsers.close();
      await app.stop();
      await rm(dataDir, { recursive: true });
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
