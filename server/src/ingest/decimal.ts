/** Numbers as devices write them: what fits a JavaScript number without loss becomes one, the rest stays text. */

/** More decimals than this are kept as text (reference §1.3). */
const maxDecimals = 16;
/**
 * Largest power of ten, either way. All of double precision (1e-324 to 1.8e308) lies within; without a limit the nine
 * bytes `1e9999999` would ask for ten megabytes of zeros.
 */
const maxExponent = 400;

const decimalForm = /^(-?)(\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Reads one decimal number (reference §1.3): integers within ±(2^53−1) and fractions of up to 16 decimals become
 * numbers, all others the text of their plain decimal, so that no digit is lost.
 * @param source a JSON number, or the digits of a numeric text such as `007` or `.5`
 * @returns undefined when the exponent is beyond ±400
 */
export function readDecimal(source: string): number | string | undefined {
  const match = decimalForm.exec(source);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentText] = match;
  const digits = whole + fraction;
  const firstDigit = digits.search(/[1-9]/);
  if (firstDigit === -1) return 0;
  const exponent = exponentText === undefined ? 0 : Number(exponentText);
  if (Math.abs(exponent) > maxExponent) return undefined;

  const decimals = fraction.length - exponent;
  const isWritableAsInteger = decimals <= trailingZeros(digits);
  const isWrittenWithPoint = fraction !== '' && exponentText === undefined;
  const value = Number(source);
  if (isWritableAsInteger && !isWrittenWithPoint) {
    return Number.isSafeInteger(value) ? value : sign + plainDecimal(digits, decimals).replace(/\.0*$/, '');
  }
  if (decimals <= maxDecimals && Number.isFinite(value)) return value;
  return sign + plainDecimal(digits, decimals);
}

function trailingZeros(digits: string): number {
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end--;
  return digits.length - end;
}

/** `digits` with the point `decimals` places from the right, without an exponent and without needless leading zeros. */
function plainDecimal(digits: string, decimals: number): string {
  const padded = digits.padStart(decimals + 1, '0') + '0'.repeat(Math.max(0, -decimals));
  const point = padded.length - Math.max(0, decimals);
  const whole = padded.slice(0, point).replace(/^0+(?=\d)/, '');
  return decimals > 0 ? `${whole}.${padded.slice(point)}` : whole;
}
