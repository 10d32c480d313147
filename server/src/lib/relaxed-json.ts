/**
 * JSON as devices write it that were never told otherwise. ThingsBoard reads with Gson, which is lenient: names and texts
 * without quotes or in single ones, `=` for `:`, `;` for `,`, comments, `NaN`. The commands that its console prints for a
 * first test send `{temperature:25}`, and firmware prints `nan` for a sensor that is not there.
 */

/** The largest MQTT packet. What is larger was written by a library, and libraries write JSON. */
const maxChars = 65_536;
/** Objects and arrays within each other; payloads have their own, lower limits. */
const maxLevels = 64;

/**
 * Rewrites relaxed JSON as JSON: `{t:25,s:'ok',n:NaN}` becomes `{"t":25,"s":"ok","n":"NaN"}`. For texts that JSON.parse
 * has refused; linear in their length.
 * @returns undefined when Gson would refuse it too, or when it is no object or array
 */
export function toStrictJson(text: string): string | undefined {
  return text.length > maxChars ? undefined : new RelaxedReader(text).document();
}

// Sticky, and none of them can match in two ways: no text makes them slow.
const blanks = /(?:[ \t\r\n]+|\/\*[\s\S]*?\*\/|(?:\/\/|#)[^\r\n]*)*/y;
const quoted = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|'[^'\\]*(?:\\[\s\S][^'\\]*)*'/y;
const bare = /[^/\\;#={}[\]:, \t\f\r\n]+/y;

const strictNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const keyword = /^(?:true|false|null)$/i;
const whitespace = /^[ \t\r\n]*$/;

/** Reads one text; each method returns the JSON of what it has read, or undefined when that cannot be read. */
class RelaxedReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): string | undefined {
    this.#match(blanks);
    if (!this.#isNext('{') && !this.#isNext('[')) return undefined;
    const value = this.#value(maxLevels);
    // Gson is strict again behind the value.
    return whitespace.test(this.#text.slice(this.#at)) ? value : undefined;
  }

  #value(levels: number): string | undefined {
    if (levels === 0) return undefined;
    if (this.#take('{')) return this.#object(levels - 1);
    if (this.#take('[')) return this.#array(levels - 1);
    if (this.#isNext('"') || this.#isNext("'")) return this.#quoted();
    const word = this.#match(bare);
    if (word === '') return undefined;
    if (strictNumber.test(word)) return word;
    return keyword.test(word) ? word.toLowerCase() : JSON.stringify(word);
  }

  #object(levels: number): string | undefined {
    const members: string[] = [];
    this.#match(blanks);
    if (this.#take('}')) return '{}';
    do {
      this.#match(blanks);
      const name = this.#name();
      if (name === undefined || !this.#takeColon()) return undefined;
      this.#match(blanks);
      const value = this.#value(levels);
      if (value === undefined) return undefined;
      members.push(`${name}:${value}`);
      this.#match(blanks);
      if (this.#take('}')) return `{${members.join(',')}}`;
    } while (this.#takeComma());
    return undefined;
  }

  #array(levels: number): string | undefined {
    const elements: string[] = [];
    this.#match(blanks);
    if (this.#take(']')) return '[]';
    do {
      this.#match(blanks);
      // Nothing between two commas, or behind the last one, is null.
      const isMissing = this.#isNext(',') || this.#isNext(';') || this.#isNext(']');
      const value = isMissing ? 'null' : this.#value(levels);
      if (value === undefined) return undefined;
      elements.push(value);
      this.#match(blanks);
      if (this.#take(']')) return `[${elements.join(',')}]`;
    } while (this.#takeComma());
    return undefined;
  }

  #name(): string | undefined {
    if (this.#isNext('"') || this.#isNext("'")) return this.#quoted();
    const word = this.#match(bare);
    return word === '' ? undefined : JSON.stringify(word);
  }

  #quoted(): string | undefined {
    const text = this.#match(quoted);
    return text === '' ? undefined : unquote(text.slice(1, -1));
  }

  #takeColon(): boolean {
    this.#match(blanks);
    if (!this.#take('=')) return this.#take(':');
    this.#take('>');
    return true;
  }

  #takeComma(): boolean {
    return this.#take(',') || this.#take(';');
  }

  #isNext(char: string): boolean {
    return this.#text[this.#at] === char;
  }

  #take(char: string): boolean {
    const isThere = this.#isNext(char);
    if (isThere) this.#at++;
    return isThere;
  }

  /** @returns what matches here, '' for nothing; goes on behind it */
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += match.length;
    return match;
  }
}

const escapes: { readonly [char: string]: string } = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  '\n': '\n',
};

/** @returns the JSON of a quoted text; undefined when there is no such escape */
function unquote(content: string): string | undefined {
  let isValid = true;
  const text = content.replaceAll(/\\(u[\da-fA-F]{4}|[\s\S])/g, (_match, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    const char = escapes[escaped];
    if (char === undefined) isValid = false;
    return char ?? '';
  });
  return isValid ? JSON.stringify(text) : undefined;
}
