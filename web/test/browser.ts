/** A real browser on a real server: Debian's Chromium, driven by playwright-core. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const candidates = [
  process.env['GAPURA_TEST_BROWSER'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where the browser is; undefined where there is none, and the tests say that they were skipped. */
export const browserPath = candidates.find((path) => path !== undefined && existsSync(path));

/** It shall ask nobody for anything: no updates, no sync, no first-run pages. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface TestBrowser {
  readonly context: BrowserContext;
  /** A new tab. Faults in its console and requests that left the server's origin are kept in `faults`. */
  open(url: string): Promise<Page>;
  /** What no page may do: errors in its console, requests elsewhere, files that are missing. */
  readonly faults: string[];
  close(): Promise<void>;
}

export interface BrowserOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly locale?: string;
  /** Everything else that a page asks for is a fault. */
  readonly origin: string;
}

/** With a profile of its own, which goes with it. */
export async function startBrowser(options: BrowserOptions): Promise<TestBrowser> {
  if (browserPath === undefined) throw new Error('There is no Chromium on this machine.');
  const profile = await mkdtemp(join(tmpdir(), 'gapura-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath,
    args: flags,
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    colorScheme: options.colorScheme ?? 'light',
    locale: options.locale ?? 'en-GB',
    timezoneId: 'Asia/Jakarta',
    acceptDownloads: true,
  });
  context.setDefaultTimeout(15_000);
  const faults: string[] = [];
  const isOwn = (url: string): boolean =>
    /^(data|blob|about):/.test(url) || new URL(url).host === new URL(options.origin).host;
  context.on('request', (request) => {
    if (!isOwn(request.url())) faults.push(`request to ${request.url()}`);
  });
  context.on('console', (message) => {
    // A refusal that the page shows to its reader is logged by the browser as well.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text())) {
      faults.push(`console: ${message.text()}`);
    }
  });
  context.on('weberror', (error) => faults.push(`uncaught: ${error.error().message}`));
  return {
    context,
    faults,
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
