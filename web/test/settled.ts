/** When a page has all that it asked for: sooner than the browser's own half second of silence, and surer. */
import type { BrowserContext, Page, Request } from 'playwright-core';

const waitingFor = new WeakMap<Page, Set<Request>>();
const limitMs = 15_000;

/** Begins to count what the pages of a context ask for. */
export function watchRequests(context: BrowserContext): void {
  context.on('page', (page) => waitingFor.set(page, new Set()));
  const forget = (request: Request): void => void pageOf(request)?.delete(request);
  context.on('request', (request) => pageOf(request)?.add(request));
  context.on('requestfinished', forget);
  context.on('requestfailed', forget);
}

function pageOf(request: Request): Set<Request> | undefined {
  try {
    return waitingFor.get(request.frame().page());
  } catch {
    // Of a page that is still being opened, or of none.
    return undefined;
  }
}

/** Nothing is asked for, nothing is on its way in, and that has been drawn. */
export async function settled(page: Page): Promise<void> {
  const limit = performance.now() + limitMs;
  const isQuiet = async (): Promise<boolean> => (await drawn(page)) && (waitingFor.get(page)?.size ?? 0) === 0;
  // What has come may ask for more as soon as it is shown.
  while (!((await isQuiet()) && (await isQuiet()))) {
    if (performance.now() < limit) continue;
    const open = [...(waitingFor.get(page) ?? [])].map((request) => request.url());
    throw new Error(`${page.url()} does not come to rest; it waits for ${open.join(', ') || 'something on the page'}`);
  }
}

/** What was changed has been drawn. @returns whether all parts of the page are there */
export function drawn(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(`(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return document.querySelector('main .animate-pulse, main [aria-busy=true]') === null;
  })()`);
}
