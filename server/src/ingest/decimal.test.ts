import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactDecimal } from '../../test/exact-json.ts';
import { readDecimal } from './decimal.ts';

test.each([
  ['42', 42],
  ['-7', -7],
  ['1.0', 1],
  ['1e3', 1000],
  ['1.5e1', 15],
  ['3.10', 3.1],
  ['007', 7],
  ['.5', 0.5],
  ['-.5', -0.5],
  ['-0', 0],
  ['0e999999999', 0],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740992', '9007199254740992'],
  ['-9223372036854775809', '-9223372036854775809'],
  ['1e30', '1000000000000000000000000000000'],
  ['9007199254740992.0', 9007199254740992],
  ['0.1234567890123456', 0.1234567890123456],
  ['0.12345678901234567', '0.12345678901234567'],
  ['1.00000000000000000', '1.00000000000000000'],
  ['1.5e-20', '0.000000000000000000015'],
  ['1e400', `1${'0'.repeat(400)}`],
  ['1e401', undefined],
  ['1e-9999999999999999999', undefined],
])('%s is read as %s', (source, expected) => {
  expect(readDecimal(source)).toBe(expected);
});

test('it agrees with exact arithmetic on any decimal', () => {
  const digits = (min: number) => fc.stringMatching(new RegExp(`^[0-9]{${min},20}$`));
  const decimal = fc
    .tuple(
      fc.constantFrom('', '-'),
      digits(1),
      fc.option(digits(1), { nil: '' }),
      fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.nat(450)), { nil: undefined }),
    )
    .map(([sign, whole, fraction, exponent]) => {
      return sign + whole + (fraction && `.${fraction}`) + (exponent === undefined ? '' : exponent.join(''));
    });
  fc.assert(
    fc.property(decimal, (source) => {
      expect(readDecimal(source)).toBe(exactDecimal(source));
    }),
    { numRuns: 2000 },
  );
});
