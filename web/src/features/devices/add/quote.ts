/** Values in code, quoted for the language that they stand in. */

/** For a POSIX shell: nothing in single quotes means anything but the single quote. */
export const shell = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** For Python, JavaScript and C++: their texts are written alike as long as everything unusual is escaped. */
export const quoted = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
