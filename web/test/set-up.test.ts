/** The first start in a real browser: the printed link makes the owner. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createApp } from '../../server/src/app.ts';
import { configOf } from '../../server/src/config.ts';
import { cheapPasswords } from '../../server/test/create-test-app.ts';
import { browserPath, startBrowser } from './browser.ts';

describe.skipIf(browserPath === undefined)('the set-up', () => {
  test('the link makes the owner, who is signed in; the token leaves the address', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'gapura-set-up-'));
    const ports = { httpPort: 0, httpsPort: 0, mqttPort: 0, mqttsPort: 0 };
    const config = configOf({ dataDir, host: '127.0.0.1', ...ports, logLevel: 'silent' });
    const app = await createApp({ config, log: pino({ level: 'silent' }), passwordCost: cheapPasswords });
    const { httpPort } = await app.start();
    const origin = `http://127.0.0.1:${httpPort}`;
    const browser = await startBrowser({ origin });
    try {
      const page = await browser.open(`${origin}/setup#token=${app.setupToken}`);
      await page.getByLabel('Organisation').fill('Subak Jatiluwih');
      await page.getByLabel('E-mail address').fill('made@example.com');
      await page.getByLabel('Password').fill('password');
      await page.getByText('Too short: at least 12 characters').waitFor();
      await page.getByLabel('Password').fill('sawah berundak 41 jatiluwih');
      await page.getByText(/^(Good|Very good)$/).waitFor();
      expect(page.url()).toBe(`${origin}/setup`);
      await page.getByRole('button', { name: 'Set up Gapura' }).click();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      await page.getByText('Subak Jatiluwih').first().waitFor();
      await page.getByText('No devices yet').waitFor();
      expect(browser.faults).toEqual([]);
    } finally {
      await browser.close();
      await app.stop();
      await rm(dataDir, { recursive: true });
    }
  });
});
