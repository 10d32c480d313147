/** What the page is held to in a browser: its policy, and how much it may load before it shows something. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';
import { settled } from './settled.ts';

/** Bytes of JavaScript as they come over the line, for the first page that a person sees. */
const scriptBytesLimit = 180_000;

describe.skipIf(browserPath === undefined)('the page', () => {
  let world: ConsoleWorld;

  beforeAll(async () => {
    world = await startConsoleWorld();
  });
  afterAll(() => world?.stop());

  test('what is inline does not run, and nothing is asked of another server', async () => {
    const browser = await world.browse();
    const page = await browser.open(world.app.url);
    await settled(page);
    expect(browser.faults).toEqual([]);
    const refused = await page.evaluate<string[]>(breakPolicy);
    expect(await page.evaluate('window.ran')).toBe(undefined);
    expect(refused).toEqual(
      expect.arrayContaining(['connect-src', 'img-src', 'script-src-attr', 'script-src-elem', 'style-src-elem']),
    );
    // Every other test looks for faults; these were some.
    expect(browser.faults.filter((fault) => fault.startsWith('console:')).length).toBeGreaterThan(3);
  });

  test('a request that left would be seen', async () => {
    const browser = await world.browse();
    const page = await browser.open('about:blank');
    await page.evaluate(`fetch('http://127.0.0.1:9/elsewhere', { mode: 'no-cors' }).catch(() => undefined)`);
    expect(browser.faults).toContain('request to http://127.0.0.1:9/elsewhere');
  });

  test.each(['en-GB', 'id-ID'])('the sign-in and the overview load at most 180 kB of scripts (%s)', async (locale) => {
    const browser = await world.browse({ locale });
    const page = await browser.open(`${world.app.url}/sign-in`);
    await settled(page);
    expect(await page.evaluate<number>(scriptBytes)).toBeLessThanOrEqual(scriptBytesLimit);
    await signIn(page);
    await settled(page);
    // With nothing kept from before.
    const fresh = await world.browse({ locale });
    await fresh.context.addCookies(await browser.context.cookies());
    const first = await fresh.open(world.app.url);
    await first.getByRole('heading', { level: 1 }).waitFor();
    await settled(first);
    const bytes = await first.evaluate<number>(scriptBytes);
    expect(bytes).toBeLessThanOrEqual(scriptBytesLimit);
    // A sum of nothing would be below every limit.
    expect(bytes).toBeGreaterThan(scriptBytesLimit / 4);
  });
});

/** In the page: does what a name that is taken for markup would do. @returns the directives that stood against it */
const breakPolicy = `(async () => {
  const refused = [];
  addEventListener('securitypolicyviolation', ({ effectiveDirective }) => refused.push(effectiveDirective));
  const script = document.createElement('script');
  script.textContent = 'window.ran = true';
  const style = document.createElement('style');
  style.textContent = 'body { color: red }';
  document.head.append(script, style);
  document.body.insertAdjacentHTML('beforeend', '<button onclick="window.ran = true"></button>');
  document.body.lastElementChild.click();
  new Image().src = 'http://127.0.0.1:9/image.png';
  await fetch('http://127.0.0.1:9/').catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 100));
  return refused;
})()`;

/** In the page: of its scripts as they came, compressed. */
const scriptBytes = `performance.getEntriesByType('resource')
  .filter(({ name }) => new URL(name).pathname.endsWith('.js'))
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`;
