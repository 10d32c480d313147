import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

/** What the build says of itself: which file is made of what, and what it brings with it. */
interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
}
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, 'utf8')) as Record<string, Chunk>;

/** The files of these chunks and of all that they import before they run. */
function filesOf(...names: readonly string[]): Set<string> {
  const files = new Set<string>();
  const visit = (name: string): void => {
    const chunk = manifest[name];
    if (chunk === undefined) throw new Error(`The build has no chunk ${name}.`);
    if (files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const imported of chunk.imports ?? []) visit(imported);
  };
  for (const name of names) visit(name);
  return files;
}

const gzipBytes = (files: Iterable<string>): number =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(dist + file), { level: 9 }).length, 0);

const start = 'index.html';
const firstPages = ['overview/overview-page', 'sign-in/sign-in-page', 'set-up/set-up-page'];

describe.each(['en', 'id'])('in %s', (language) => {
  test.each(firstPages)('%s loads at most 180 kB of JavaScript', (page) => {
    const files = filesOf(start, `src/i18n/${language}.ts`, `src/features/${page}.tsx`);
    expect(gzipBytes(files)).toBeLessThanOrEqual(180_000);
  });
});

/** What is loaded when somebody asks for it, and how much of it, in kB, no page brings with itself; half of what it is. */
const chunksOfTheirOwn = [
  ['charts', 'src/charts/time-chart.tsx', 10],
  ['the map', 'src/widgets/map/leaflet-map.tsx', 20],
  ['the editor of the grid', 'src/features/dashboards/edit-grid.tsx', 10],
  ['QR codes', 'src/features/devices/add/qr-code.tsx', 2],
  ['the estimator of passwords', 'src/features/set-up/estimator.ts', 200],
] as const;

test.each(chunksOfTheirOwn)('%s: a chunk of its own', (_name, source, leastKb) => {
  const pages = Object.keys(manifest).filter((name) => name.endsWith('-page.tsx'));
  expect(pages.length).toBeGreaterThan(10);
  const first = filesOf(start, 'src/i18n/en.ts', 'src/i18n/id.ts', ...pages);
  const own = [...filesOf(source)].filter((file) => !first.has(file));
  expect(gzipBytes(own) / 1000).toBeGreaterThan(leastKb);
});

test('the API reference is a page of the server: nothing of it is in the console', () => {
  expect(Object.keys(manifest).filter((name) => /swagger|redoc|scalar/i.test(name))).toEqual([]);
});

test('the page itself holds no inline script and names nothing foreign', () => {
  const page = readFileSync(`${dist}index.html`, 'utf8');
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style| style=| on[a-z]+=|https?:\/\//);
});
