/** What the console says in each of its languages, taken from where it stands: a test names a text by its place. */
import { texts as english, type Texts } from '../src/i18n/en.ts';
import { texts as indonesian } from '../src/i18n/id.ts';

export type { Texts };
export const textsOf: Readonly<Record<'en' | 'id', Texts>> = { en: english, id: indonesian };

/** Puts values in the places of a text that are kept for them: `Delete {{name}}?`. */
export function filled(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_place, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`"${text}" has a place for ${name}, and nothing is given.`);
    return String(value);
  });
}
