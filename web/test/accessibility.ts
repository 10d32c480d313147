/** What axe-core finds on a page, in both themes, on a desk and on a phone. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { drawn } from './settled.ts';

const axeSource = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** In the page: what fades or moves is at its end at once, and has its full contrast. */
const calm = `{
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('*, *::before, *::after { transition: none !important; animation: none !important }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}`;

const sizes = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 800 } } as const;
export type Place = keyof typeof sizes;

export async function look(page: Page, place: Place, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
  await page.setViewportSize(sizes[place]);
  await page.emulateMedia({ colorScheme });
}

/**
 * Serious and critical findings, and what is wider than the window, in words; of each view. A theme is a set of colours
 * (`styles.css`), so in the dark what has to do with colours is asked again, and nothing else.
 * @param within what is looked at: of a dialog the page behind it has been looked at already
 */
export async function findingsOf(
  page: Page,
  places: readonly Place[] = ['phone', 'desk'],
  within = ':root',
): Promise<string[]> {
  const findings: string[] = [];
  await page.evaluate(axeSource);
  await page.evaluate(calm);
  for (const place of places) {
    for (const theme of ['light', 'dark'] as const) {
      await look(page, place, theme);
      await drawn(page);
      for (const { id, impact, nodes } of await violationsOf(page, within, theme === 'dark')) {
        if (impact !== 'serious' && impact !== 'critical') continue;
        for (const { html, failureSummary } of nodes) {
          findings.push(`${place}, ${theme}: ${id}: ${html} ${failureSummary}`);
        }
      }
    }
    // What is too wide scrolls within its own part, never the page.
    const widthPx = await page.evaluate<number>('document.documentElement.scrollWidth');
    if (widthPx > sizes[place].width) findings.push(`${place}: the page is ${widthPx} px wide`);
  }
  return findings;
}

async function violationsOf(page: Page, within: string, coloursAlone: boolean): Promise<readonly AxeViolation[]> {
  const runOnly = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };
  const options = { resultTypes: ['violations'], ...(coloursAlone && { runOnly }) };
  const { violations } = await page.evaluate<{ violations: AxeViolation[] }>(
    `axe.run(document.querySelectorAll(${JSON.stringify(within)}), ${JSON.stringify(options)})`,
  );
  return violations;
}
