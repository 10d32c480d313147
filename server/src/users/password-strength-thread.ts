/**
 * Estimates passwords on a thread of its own: the dictionaries take 60 MB, which end with the thread, and a hostile
 * password can keep zxcvbn busy for half a second.
 */
import { parentPort } from 'node:worker_threads';
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import * as common from '@zxcvbn-ts/language-common';
import * as english from '@zxcvbn-ts/language-en';

export interface StrengthRequest {
  readonly id: number;
  readonly password: string;
  /** What an attacker knows of the user. */
  readonly known: readonly string[];
}

export interface StrengthReply {
  readonly id: number;
  /** 0 (guessed at once) to 4. */
  readonly score: number;
  /** Why it is weak and what to do, in English sentences. */
  readonly hints: readonly string[];
}

const zxcvbn = new ZxcvbnFactory({
  translations: english.translations,
  graphs: common.adjacencyGraphs,
  dictionary: { ...common.dictionary, ...english.dictionary },
});

parentPort?.on('message', ({ id, password, known }: StrengthRequest) => {
  const { score, feedback } = zxcvbn.check(password, [...known]);
  const hints = [feedback.warning, ...feedback.suggestions].filter((hint) => hint !== null && hint !== '');
  parentPort?.postMessage({ id, score, hints } as StrengthReply);
});
