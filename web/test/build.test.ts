import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

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
const english = 'src/i18n/en.ts';

test('the first page loads at most 180 kB of JavaScript', () => {
  const files = filesOf(start, english, 'src/features/overview/overview-page.tsx');
  expect(gzipBytes(files)).toBeLessThanOrEqual(180_000);
});

test('the sign-in loads at most 180 kB of JavaScript', () => {
  const files = filesOf(start, english, 'src/features/sign-in/sign-in-page.tsx');
  expect(gzipBytes(files)).toBeLessThanOrEqual(180_000);
});

test('charts, the map, the grid editor and the dictionaries of the password estimator are chunks of their own', () => {
  const first = filesOf(
    start,
    english,
    'src/features/overview/overview-page.tsx',
    'src/features/devices/devices-page.tsx',
    'src/features/dashboards/dashboard-page.tsx',
  );
  for (const heavy of [
    'src/charts/time-chart.tsx',
    'src/widgets/map/leaflet-map.tsx',
    'src/features/dashboards/edit-grid.tsx',
    'src/features/set-up/estimator.ts',
  ]) {
    const { file } = manifest[heavy] ?? {};
    expect(file, heavy).toBeDefined();
    expect(first.has(file ?? ''), heavy).toBe(false);
  }
});

test('the page itself holds no inline script and names nothing foreign', () => {
  const page = readFileSync(`${dist}index.html`, 'utf8');
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style| style=| on[a-z]+=|https?:\/\//);
});
