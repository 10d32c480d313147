/** How hard a password is to guess, by the same estimator and the same bounds as the server's. */
import { useEffect, useState } from 'react';

/** The server refuses what is shorter. */
export const minimumLength = 12;
/** And what is below this score. */
export const minimumScore = 3;
/** The estimator's work grows with the square of the length. */
const estimatedLength = 100;
/** So that it does not run at every key. */
const pauseMs = 150;

export interface Strength {
  /** 0 (guessed at once) to 4; null while the estimator is on its way. */
  readonly score: number | null;
  readonly isLongEnough: boolean;
}

type Estimate = (password: string, known: readonly string[]) => number;
let estimator: Promise<Estimate> | undefined;

/** The dictionaries are large, so they come when somebody begins to type a password. */
function loadEstimator(): Promise<Estimate> {
  estimator ??= import('./estimator.ts').then((module) => module.estimate);
  return estimator;
}

export function usePasswordStrength(password: string, known: readonly string[]): Strength {
  const [score, setScore] = useState<number | null>(null);
  const knownText = known.join('\n');
  useEffect(() => {
    if (password === '') {
      setScore(null);
      return undefined;
    }
    let isCurrent = true;
    const timer = setTimeout(async () => {
      const estimate = await loadEstimator();
      if (isCurrent) setScore(estimate(password.slice(0, estimatedLength), knownText.split(/[^\p{L}\p{N}]+/u)));
    }, pauseMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [password, knownText]);
  return { score, isLongEnough: [...password].length >= minimumLength };
}
