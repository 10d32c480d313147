import { GapuraError } from './error.ts';

/** A line longer than this is no line of Gapura's: 1 MiB is far above the largest event. */
const longestLineChars = 1 << 20;

/** Each line of a newline-delimited JSON stream, parsed, as it arrives. Blank lines are skipped. */
export async function* readNdjson<T>(body: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunksOf(body)) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield parseLine<T>(line);
    if (rest.length > longestLineChars)
      throw new GapuraError('unexpected_answer', 200, 'A line of the answer is too long.');
  }
  rest += decoder.decode();
  if (rest.trim() !== '') yield parseLine<T>(rest);
}

function parseLine<T>(line: string): T {
  try {
    return JSON.parse(line) as T;
  } catch (error) {
    throw new GapuraError('unexpected_answer', 200, 'A line of the answer is not JSON.', { cause: error });
  }
}

/** Safari's streams cannot be iterated with `for await`; a reader works everywhere. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        isDone = true;
        return;
      }
      yield value;
    }
  } catch (error) {
    isDone = true;
    throw new GapuraError('connection_failed', 0, 'The connection broke in the middle of the answer.', {
      cause: error,
    });
  } finally {
    // The consumer stopped early: let the server stop as well.
    if (!isDone) await reader.cancel().catch(() => {});
  }
}
