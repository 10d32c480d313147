import type { i18n as I18n } from 'i18next';
import { useTranslation } from 'react-i18next';
import { GapuraError } from '#sdk/error.ts';

/** What to tell a person of an error: the language's own words for its code, else what the server said. */
export function useErrorText(): (error: unknown) => string {
  const { i18n } = useTranslation();
  return (error) => errorText(i18n, error);
}

export function errorText(i18n: I18n, error: unknown): string {
  if (!(error instanceof GapuraError)) return error instanceof Error ? error.message : String(error);
  const key = `problems.${error.code}`;
  // The server's sentence names what was wrong, in English; other languages have one for each code that people meet.
  const hasOwn = i18n.exists(key, { ns: 'common' });
  const isEnglish = i18n.language === 'en';
  if (!hasOwn || (isEnglish && error.status !== 0 && error.message !== '')) return error.message;
  return i18n.getFixedT(i18n.language, 'common')(key as 'problems.not_found');
}
