/** Rules for names and keys that come from outside. What they hold otherwise is hostile text and stays as given. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Length in code points, as JSON Schema counts it. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/**
 * What is wrong with a name: it must not be blank, not longer than `maxLength` code points, without control characters
 * and line separators (they forge log lines), and well-formed Unicode (half a surrogate pair cannot be stored).
 * @returns the end of a sentence that starts with the name of the field, or undefined when all is well
 */
export function faultOfName(text: string, maxLength: number = 255): string | undefined {
  if (text.trim() === '') return 'must not be blank';
  return faultOfLine(text, maxLength);
}

/** The same rules for a text that may be blank. */
export function faultOfLine(text: string, maxLength: number = 255): string | undefined {
  if (text.length > maxLength && lengthOf(text) > maxLength) return `must not be longer than ${maxLength} characters`;
  if (controlCharacters.test(text)) return 'must not contain control characters';
  if (!text.isWellFormed()) return 'must be well-formed Unicode';
  return undefined;
}
