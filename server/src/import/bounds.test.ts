/** Imports that are large, too large, or lose their client. */
import http from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type ImportFixture, openImport } from './fixture.ts';

let server: ImportFixture;
afterEach(() => server.close());

/** A CSV file that is made while it is sent. */
function file(rows: number, row: (i: number) => string = (i) => `device-${i},Label ${i},${i}\n`): ReadableStream {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      let text = sent === 0 ? 'name,label,attr.n\n' : '';
      for (const end = Math.min(rows, sent + 1000); sent < end; sent++) text += row(sent);
      controller.enqueue(new TextEncoder().encode(text));
      if (sent === rows) controller.close();
    },
  });
}

test('100,000 rows pass in bounded memory', async () => {
  server = await openImport();
  const before = process.memoryUsage.rss();
  let highest = before;
  const watch = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage.rss());
  }, 20);
  const summary = await server.summary(
    file(100_000, (i) => (i % 1000 === 7 ? ',\tbad\n' : `device-${i},Label ${i},${i}\n`)),
  );
  clearInterval(watch);
  expect(summary).toMatchObject({ rows: 100_000, created: 99_900, failed: 100, stopped: null });
  expect(await server.names()).toHaveLength(99_900);
  // Loose: what grows is V8's young generation and SQLite's caches; the rows alone would be more as objects.
  expect((highest - before) / 1024 / 1024).toBeLessThan(400);
}, 120_000);

test('a file with too many rows stops there; the rows before stand', async () => {
  server = await openImport({ rows: 1200 });
  const summary = await server.summary(file(200_000));
  expect(summary).toMatchObject({ rows: 1200, created: 1200, stopped: { code: 'payload_too_large' } });
  expect(server.audited).toMatchObject([{ outcome: 'failure', detail: { rows: 1200, stopped: 'payload_too_large' } }]);
});

test('a file with too many bytes stops there; the whole rows before stand', async () => {
  server = await openImport({ bytes: 30_000 });
  const summary = await server.summary(file(200_000));
  expect(summary.stopped).toMatchObject({ code: 'payload_too_large' });
  expect(summary.created).toBe((await server.names()).length);
});

test('a file that says that it is too large is refused before it is sent', async () => {
  server = await openImport();
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { 'content-type': 'text/csv', 'content-length': 65 * 1024 * 1024 };
    const request = http.request(server.url, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode);
      response.resume();
      request.destroy();
    });
    request.on('error', reject);
    request.write('name\n');
  });
  expect(status).toBe(413);
});

test('no more than two imports run at once', async () => {
  server = await openImport();
  const bodies = [1, 2].map(() => {
    const { readable, writable } = new TransformStream();
    return { readable, writer: writable.getWriter() };
  });
  const running = bodies.map(({ readable, writer }, i) => {
    void writer.write(new TextEncoder().encode(`name\nheld-${i}\n`));
    return server.post(readable);
  });
  let refused: Response | undefined;
  while (refused?.status !== 503) refused = await server.post('name\nthird\n', '?dryRun=true');
  expect(await refused.json()).toMatchObject({ code: 'overloaded', retryAfterMs: 5000 });
  await Promise.all(bodies.map(({ writer }) => writer.close()));
  expect((await Promise.all(running)).map((response) => response.status)).toEqual([200, 200]);
  expect((await server.post('name\nthird\n')).status).toBe(200);
});

test('a client that goes away in the middle of its upload stops the import, and half a line is no device', async () => {
  server = await openImport();
  const request = http.request(server.url, { method: 'POST', headers: { 'content-type': 'text/csv' } });
  request.on('error', () => {});
  const rows = Array.from({ length: 500 }, (_, i) => `d${i}`).join('\n');
  request.write(`name\n${rows}\nlate-1\nlate-2\nhal`);
  while ((await server.names()).length < 500) await setImmediate();
  request.destroy();
  while (server.audited.length === 0) await setImmediate();
  expect(server.audited).toMatchObject([{ outcome: 'failure', detail: { created: 500, stopped: 'client_gone' } }]);
  expect(await server.names()).toHaveLength(500);
  expect((await server.post('name\nafter\n')).status).toBe(200);
});

test('a client that no longer reads its events stops the import', async () => {
  server = await openImport();
  const abort = new AbortController();
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', accept: 'application/x-ndjson' },
    body: file(1_000_000),
    duplex: 'half',
    signal: abort.signal,
  } as RequestInit);
  const reader = response.body?.getReader();
  await reader?.read();
  abort.abort();
  while (server.audited.length === 0) await setImmediate();
  const [entry] = server.audited;
  expect(entry).toMatchObject({ outcome: 'failure', detail: { stopped: 'client_gone' } });
  expect(entry?.detail?.['created']).toBe((await server.names()).length);
  expect(Number(entry?.detail?.['rows'])).toBeLessThan(1_000_000);
});

test('a database that does not answer is told in the summary, not hidden', async () => {
  server = await openImport();
  await server.db.schema.alterTable('credentials').renameTo('away').execute();
  expect(await server.summary('name\na\n')).toMatchObject({ created: 0, stopped: { code: 'internal_error' } });
});
