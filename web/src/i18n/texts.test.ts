import { expect, test } from 'vitest';
import { texts as english } from './en.ts';
import { texts as indonesian } from './id.ts';

/** Every text by its path: `devices.filter.search`. */
function flatten(tree: object, path = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const here = path === '' ? key : `${path}.${key}`;
    if (typeof value === 'string') flat.set(here, value);
    else for (const [inner, text] of flatten(value, here)) flat.set(inner, text);
  }
  return flat;
}

const placeholders = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).sort();
const en = flatten(english);
const id = flatten(indonesian);

test('both languages have the same keys', () => {
  expect([...id.keys()].sort()).toEqual([...en.keys()].sort());
  expect(en.size).toBeGreaterThan(200);
});

test.each([...en])('%s has the same placeholders in both languages, and a text', (key, text) => {
  const other = id.get(key) ?? '';
  expect(placeholders(other)).toEqual(placeholders(text));
  expect([text.trim(), other.trim()]).not.toContain('');
});
