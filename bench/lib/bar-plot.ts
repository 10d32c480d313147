/** A plot of horizontal bars as SVG text, readable on light and dark pages. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  /** What others measured; drawn as a mark. */
  readonly reference?: number;
}

const rowHeight = 30;
const labelWidth = 330;
const plotWidth = 470;
const numberWidth = 90;

/** @param unit behind each number */
export function barPlot(title: string, note: string, unit: string, bars: readonly Bar[]): string {
  const largest = Math.max(...bars.map(({ value, reference }) => Math.max(value, reference ?? 0)));
  const scale = plotWidth / largest;
  const height = 64 + bars.length * rowHeight + 30;
  const width = labelWidth + plotWidth + numberWidth;
  const rows = bars.map(({ name, value, reference }, i) => {
    const y = 56 + i * rowHeight;
    const mark =
      reference === undefined
        ? ''
        : `<path d="M${at(reference * scale)} ${y - 2}v22" stroke="#d97706" stroke-width="3"/>` +
          `<text x="${at(reference * scale) + 6}" y="${y + 14}" fill="#d97706">${number(reference)}</text>`;
    return (
      `<text x="${labelWidth - 10}" y="${y + 14}" text-anchor="end">${escaped(name)}</text>` +
      `<rect x="${labelWidth}" y="${y}" width="${Math.max(1, Math.round(value * scale))}" height="18" rx="3" fill="#0d9488"/>` +
      `<text x="${at(value * scale) + 6}" y="${y + 14}">${number(value)}${unit}</text>${mark}`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` font-family="system-ui, sans-serif" font-size="13" fill="#1f2937" role="img" aria-label="${escaped(title)}">`,
    `<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>`,
    `<text x="16" y="30" font-size="16" font-weight="600">${escaped(title)}</text>`,
    ...rows,
    `<text x="16" y="${height - 12}" fill="#6b7280" font-size="12">${escaped(note)}</text>`,
    '</svg>\n',
  ].join('\n');
}

const at = (x: number): number => labelWidth + Math.round(x);
const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: value >= 100 ? 0 : 2 });
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
