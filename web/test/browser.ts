/** A real browser on a real server: Debian's Chromium, driven by playwright-core. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { watchRequests } from './settled.ts';

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
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser as one person has it: with cookies and settings that no other sees. */
export interface TestBrowser {
  readonly context: BrowserContext;
  /** A new tab. */
  open(url: string): Promise<Page>;
  /** What no page may do: errors in its console, requests elsewhere, questions that stop it. */
  readonly faults: string[];
}

export interface BrowserOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly locale?: string;
}

export interface Browsers {
  /** A browser that nobody has used before. */
  browse(options?: BrowserOptions): Promise<TestBrowser>;
  close(): Promise<void>;
}

/** One process for all of them, which starts with the first. @param origin everything else that a page asks for is a fault */
export function createBrowsers(origin: string): Browsers {
  let process: Promise<Browser> | undefined;
  return {
    async browse(options = {}) {
      process ??= launch();
      const context = await (await process).newContext({
        viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
        colorScheme: options.colorScheme ?? 'light',
        locale: options.locale ?? 'en-GB',
        timezoneId: 'Asia/Jakarta',
        acceptDownloads: true,
      });
      context.setDefaultTimeout(15_000);
      watchRequests(context);
      return {
        context,
        faults: faultsOf(context, new URL(origin).host),
        async open(url) {
          const page = await context.newPage();
          await page.goto(url);
          return page;
        },
      };
    },
    async close() {
      await (await process)?.close();
    },
  };
}

function launch(): Promise<Browser> {
  if (browserPath === undefined) throw new Error('There is no Chromium on this machine.');
  return chromium.launch({ executablePath: browserPath, args: flags });
}

/** Grows while pages of the context do what they may not. */
function faultsOf(context: BrowserContext, ownHost: string): string[] {
  const faults: string[] = [];
  const isOwn = (url: string): boolean => /^(data|blob|about):/.test(url) || new URL(url).host === ownHost;
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
  context.on('dialog', (dialog) => {
    // Leaving what is not saved asks by the browser itself, as it should.
    if (dialog.type() !== 'beforeunload') faults.push(`${dialog.type()}: ${dialog.message()}`);
    void dialog.accept();
  });
  return faults;
}
