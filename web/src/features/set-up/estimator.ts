/** A chunk of its own: zxcvbn with its dictionaries. */
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary as commonDictionary } from '@zxcvbn-ts/language-common';
import { dictionary as englishDictionary, translations } from '@zxcvbn-ts/language-en';

const zxcvbn = new ZxcvbnFactory({
  translations,
  graphs: adjacencyGraphs,
  dictionary: { ...commonDictionary, ...englishDictionary },
});

/** @returns 0 (guessed at once) to 4 */
export function estimate(password: string, known: readonly string[]): number {
  return zxcvbn.check(password, [...known, 'gapura']).score;
}
