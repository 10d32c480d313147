/**
 * A slow reader of JSON and of numbers that is right by looking at it: a model for the parsers of devices' payloads.
 * Numbers are BigInt fractions, objects are lists of members; nothing of it is used by the server.
 */

/** Reads a decimal by exact arithmetic, with the rules of reference §1.3. */
export function exactDecimal(source: string): number | string | undefined {
  const [, sign = '', whole = '', point = '', fraction = '', , exponent] =
    /^(-?)(\d*)(\.?)(\d*)([eE]([+-]?\d+))?$/.exec(source) ?? [];
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return 0;
  const power = Number(exponent ?? 0);
  if (Math.abs(power) > 400) return undefined;
  const decimals = fraction.length - power;
  const unit = 10n ** BigInt(Math.abs(decimals));
  const integer = decimals <= 0 ? digits * unit : digits % unit === 0n ? digits / unit : undefined;
  if (integer !== undefined && !(point === '.' && exponent === undefined)) {
    return integer <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sign + integer) : sign + integer;
  }
  const plain = digits.toString().padStart(decimals + 1, '0');
  const text = `${sign}${plain.slice(0, plain.length - decimals)}.${plain.slice(plain.length - decimals)}`;
  return decimals <= 16 ? Number(text) : text;
}

/** A number with the text that it was written with. */
export interface ExactNumber {
  readonly source: string;
}
export type ExactJson = null | boolean | string | ExactNumber | readonly ExactJson[] | ReadonlyMap<string, ExactJson>;

/** Reads JSON (RFC 8259) one character at a time. @throws SyntaxError */
export function parseExactly(text: string): ExactJson {
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(`Not JSON at ${at}`);
  };
  const space = (): void => {
    while (' \t\n\r'.includes(text[at] ?? 'x')) at++;
  };
  const take = (token: RegExp): string => {
    const match = new RegExp(token.source, 'y');
    match.lastIndex = at;
    const found = match.exec(text)?.[0] ?? fail();
    at += found.length;
    return found;
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON texts may not hold them as they are
  const textToken = /"(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"/;
  const value = (): ExactJson => {
    space();
    const first = text[at] ?? '';
    if (first === '"') return JSON.parse(take(textToken)) as string;
    if (first === '{') return members();
    if (first === '[') return elements();
    if (first === 't') return take(/true/) === 'true';
    if (first === 'f') return take(/false/) === 'true';
    if (first === 'n') return take(/null/) === 'null' ? null : fail();
    return { source: take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/) };
  };
  const list = (close: string, one: () => void): void => {
    at++;
    space();
    if (text[at] === close) {
      at++;
      return;
    }
    for (;;) {
      one();
      space();
      if (text[at] === close) break;
      take(/,/);
    }
    at++;
  };
  const members = (): ExactJson => {
    const found = new Map<string, ExactJson>();
    list('}', () => {
      space();
      const key = JSON.parse(take(textToken)) as string;
      space();
      take(/:/);
      found.set(key, value());
    });
    return found;
  };
  const elements = (): ExactJson => {
    const found: ExactJson[] = [];
    list(']', () => found.push(value()));
    return found;
  };
  const whole = value();
  space();
  if (at !== text.length) fail();
  return whole;
}
