import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

const page = readFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8');

/** Of each row of the page's table: the metric and its labels. */
function documented(): Map<string, string[]> {
  const rows = [...page.matchAll(/^\| `(gapura_\w+)` \| ([^|]*)\|/gm)];
  return new Map(
    rows.map(([, name = '', labels = '']) => [name, [...labels.matchAll(/`(\w+)`/g)].map((m) => m[1] ?? '')]),
  );
}

test('the page of metrics names every metric with its labels, and no other', async () => {
  const metrics = await createMetrics().registry.getMetricsAsArray();
  const real = metrics.map((metric) => {
    const labels: unknown = Reflect.get(metric, 'labelNames');
    return [Reflect.get(metric, 'name'), labels] as const;
  });
  expect(Object.fromEntries(documented())).toEqual(Object.fromEntries(real));
});

test('its rules ask for metrics that there are', () => {
  const rules = page.slice(page.indexOf('groups:'));
  const asked = [...rules.matchAll(/gapura_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''));
  expect(asked.length).toBeGreaterThan(3);
  for (const name of asked) expect([...documented().keys()]).toContain(name);
});
