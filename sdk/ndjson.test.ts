import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readNdjson } from './ndjson.ts';

function streamOf(chunks: readonly Uint8Array[], onCancel: () => void = () => {}): ReadableStream<Uint8Array> {
  const rest = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = rest.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: onCancel,
  });
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of readNdjson<unknown>(stream)) values.push(value);
  return values;
}

test('values come back whole however their bytes were cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 8 }),
      fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 20 }),
      fc.boolean(),
      async (values, cuts, hasLastNewline) => {
        const text = values.map((value) => JSON.stringify(value)).join('\n') + (hasLastNewline ? '\n' : '');
        const bytes = new TextEncoder().encode(text);
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = Math.max(1, cuts[i % cuts.length] ?? 1);
          chunks.push(bytes.slice(at, at + size));
          at += size;
        }
        const back = await collect(streamOf(chunks));
        expect(JSON.stringify(back)).toBe(JSON.stringify(values));
      },
    ),
  );
});

test('a line that is not JSON is an unexpected answer', async () => {
  await expect(collect(streamOf([new TextEncoder().encode('{"a":1}\n<html>\n')]))).rejects.toMatchObject({
    code: 'unexpected_answer',
  });
});

test('a line without end is refused instead of collected for ever', async () => {
  const megabyte = new TextEncoder().encode('x'.repeat(1 << 20));
  await expect(collect(streamOf([megabyte, megabyte]))).rejects.toMatchObject({ code: 'unexpected_answer' });
});

test('a reader that stops early tells the server', async () => {
  let isCancelled = false;
  const lines = new TextEncoder().encode('1\n2\n');
  const stream = streamOf([lines, lines, lines], () => {
    isCancelled = true;
  });
  for await (const _value of readNdjson(stream)) break;
  expect(isCancelled).toBe(true);
});
