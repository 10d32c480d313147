import { expect, test } from 'vitest';
import { faultOfLine, faultOfName } from './text-rules.ts';

test.each([
  ['hostile HTML', '<script>alert(1)</script>'],
  ['a CSV formula', '=cmd|calc!A0'],
  ['a name of another script', 'Kulkas Nº 1 – 冷蔵庫 🧊'],
  ['as many characters as are allowed, though they take two UTF-16 units each', '🧊'.repeat(255)],
])('%s is a name like any other', (_what, text) => {
  expect(faultOfName(text)).toBeUndefined();
});

test.each([
  ['a blank name', '   ', 'must not be blank'],
  ['an empty name', '', 'must not be blank'],
  ['a name that is too long', 'x'.repeat(256), 'must not be longer than 255 characters'],
  ['a line break', 'a\nb', 'must not contain control characters'],
  ['a NUL', 'a\u0000b', 'must not contain control characters'],
  ['an escape sequence', '\u001b[31mred', 'must not contain control characters'],
  ['a C1 control character', 'a\u0085b', 'must not contain control characters'],
  ['a Unicode line separator', 'a\u2028b', 'must not contain control characters'],
  ['half a surrogate pair', 'a\ud800', 'must be well-formed Unicode'],
])('%s is refused', (_what, text, fault) => {
  expect(faultOfName(text)).toBe(fault);
});

test('a line may be empty', () => {
  expect(faultOfLine('')).toBeUndefined();
});
