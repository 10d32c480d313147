import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('every link from one page of the project to another leads somewhere', () => {
  const pages = ['*.md', 'docs/**/*.md', 'web/*.md', 'firmware/**/*.md'].flatMap((pattern) =>
    globSync(pattern, { cwd: root }),
  );
  expect(pages).toContain('README.md');
  const broken = pages
    .filter((page) => !page.includes('node_modules'))
    .flatMap((page) => {
      const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
      const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
      return targets
        .filter((target) => !/^([a-z]+:|#)/.test(target))
        .filter((target) => !existsSync(join(root, dirname(page), target.split('#')[0] ?? '')))
        .map((target) => `${page} → ${target}`);
    });
  expect(broken).toEqual([]);
});
