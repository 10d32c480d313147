/** What charts write on their canvases, for tests: a canvas has no elements to look for. */
import type { BrowserContext, Page } from 'playwright-core';

/** In each page, before its own scripts: keeps what was written on a canvas since it was cleared last. */
const keepTexts = `{
  const texts = new WeakMap();
  const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...args) {
    texts.set(this.canvas, []);
    return clearRect.apply(this, args);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, ...args) {
    texts.get(this.canvas)?.push(text);
    return fillText.call(this, text, ...args);
  };
  window.chartTexts = () => [...document.querySelectorAll('.time-chart canvas')].flatMap((one) => texts.get(one) ?? []);
}`;

export async function keepChartTexts(context: BrowserContext): Promise<void> {
  await context.addInitScript(keepTexts);
}

/** The words and numbers on the charts that are shown: ticks, most of all. */
export function chartTexts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>('window.chartTexts()');
}
