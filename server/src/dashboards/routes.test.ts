import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DashboardLayout, Widget } from '#contract/dashboards.ts';
import { GapuraError, type GapuraErrorCode } from '#sdk/error.ts';
import { createTestApp, type TestApp } from '../../test/create-test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.stop());

const source = { type: 'variable', name: 'device' } as const;
const value: Widget = {
  id: 'a',
  title: 'Temperature',
  x: 0,
  y: 0,
  w: 3,
  h: 2,
  kind: 'value',
  source,
  key: 'temperature',
};
const layoutOf = (...widgets: Widget[]): DashboardLayout => ({
  version: 1,
  range: '1h',
  variables: [{ name: 'device', label: 'Device', type: 'device' }],
  widgets,
});

async function codeOf(request: Promise<unknown>): Promise<GapuraErrorCode | undefined> {
  const error = await request.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  return error instanceof GapuraError ? error.code : undefined;
}

test('a dashboard is kept as it was made, listed without its layout, changed and deleted', async () => {
  const { dashboards } = app.client;
  const made = await dashboards.create({ name: ' Greenhouse ', layout: layoutOf(value) });
  expect(made).toMatchObject({ name: 'Greenhouse', description: '', revision: 1, layout: layoutOf(value) });
  expect(await dashboards.get(made.id)).toEqual(made);
  const [listed] = (await dashboards.list()).items;
  expect(listed).toMatchObject({ id: made.id, name: 'Greenhouse', widgetCount: 1 });
  expect(listed).not.toHaveProperty('layout');
  const moved = await dashboards.update(made.id, { layout: layoutOf({ ...value, x: 4 }), revision: 1 });
  expect([moved.revision, moved.layout.widgets[0]?.x]).toEqual([2, 4]);
  await dashboards.delete(made.id);
  expect(await codeOf(dashboards.get(made.id))).toBe('not_found');
  const audit = await app.client.audit.list({ targetId: made.id });
  expect(audit.items.map(({ action }) => action)).toEqual([
    'dashboard.deleted',
    'dashboard.updated',
    'dashboard.created',
  ]);
});

test('who changes an older revision is told, and what the other wrote stays', async () => {
  const { dashboards } = app.client;
  const made = await dashboards.create({ name: 'Shared' });
  await dashboards.update(made.id, { description: 'first', revision: 1 });
  expect(await codeOf(dashboards.update(made.id, { description: 'second', revision: 1 }))).toBe('conflict');
  expect((await dashboards.get(made.id)).description).toBe('first');
});

test('a layout whose parts do not fit is refused with the place that is wrong', async () => {
  const cases: [string, unknown][] = [
    ['/body/layout/widgets/1/id', layoutOf(value, value)],
    ['/body/layout/widgets/0/w', layoutOf({ ...value, x: 10 })],
    ['/body/layout/widgets/0/source/name', layoutOf({ ...value, source: { type: 'variable', name: 'other' } })],
    ['/body/layout/widgets/0/max', layoutOf({ ...value, kind: 'gauge', min: 5, max: 5 })],
  ];
  for (const [path, layout] of cases) {
    const answer = await app.request('POST', '/v1/dashboards', { name: 'x', layout });
    const { code, errors } = (await answer.json()) as { code: string; errors: { path: string }[] };
    expect([answer.status, code, errors[0]?.path]).toEqual([400, 'invalid_request', path]);
  }
});

test('unknown kinds, unknown fields and pictures from elsewhere are refused', async () => {
  const map = { ...value, kind: 'map', key: undefined, latitudeKey: 'a', longitudeKey: 'b' };
  const wrong = [
    { ...value, kind: 'iframe' },
    { ...value, onclick: 'alert(1)' },
    { ...map, plan: { image: 'https://elsewhere.example/plan.png', width: 10, height: 10 } },
    { ...map, plan: { image: 'data:image/svg+xml;base64,PHN2Zz4=', width: 10, height: 10 } },
  ];
  for (const widget of wrong) {
    const layout = { ...layoutOf(), widgets: [widget] };
    const answer = await app.request('POST', '/v1/dashboards', { name: 'x', layout });
    expect(answer.status).toBe(400);
  }
  const plan = { image: 'data:image/png;base64,iVBORw0KGgo=', width: 10, height: 10 };
  const answer = await app.request('POST', '/v1/dashboards', {
    name: 'x',
    layout: { ...layoutOf(), widgets: [{ ...map, plan }] },
  });
  expect(answer.status).toBe(201);
});

test('pages follow each other by name', async () => {
  for (const name of ['p1', 'p1', 'p2']) await app.client.dashboards.create({ name });
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await app.client.dashboards.list({ limit: 1, ...(cursor !== undefined && { cursor }) });
    names.push(...page.items.map(({ name }) => name));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  expect(names.filter((name) => name.startsWith('p'))).toEqual(['p1', 'p1', 'p2']);
});

test('without settings of the operator, maps have no tiles', async () => {
  expect(await app.client.dashboards.map()).toEqual({ tilesUrl: null, attribution: '' });
});
