/** The language of the console: chosen or the account's, else the browser's. One language is loaded at a time. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Language } from '#contract/users.ts';
import { readStored, writeStored } from '../theme.ts';
import type { Texts } from './en.ts';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: Texts;
  }
}

const storageKey = 'gapura.language';
const loaders: Record<Language, () => Promise<{ texts: Texts }>> = {
  en: () => import('./en.ts'),
  id: () => import('./id.ts'),
};

function preferred(): Language {
  const stored = readStored(storageKey);
  if (stored === 'en' || stored === 'id') return stored;
  return navigator.languages.some((tag) => /^(id|ms)\b/i.test(tag)) ? 'id' : 'en';
}

export async function startI18n(): Promise<void> {
  const language = preferred();
  const { texts } = await loaders[language]();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: texts },
    ns: Object.keys(texts),
    defaultNS: 'common',
    // React escapes.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = language;
}

export function currentLanguage(): Language {
  return i18next.language === 'id' ? 'id' : 'en';
}

/** Loads the language and speaks it from now on. */
export async function setLanguage(language: Language): Promise<void> {
  writeStored(storageKey, language);
  if (!i18next.hasResourceBundle(language, 'common')) {
    const { texts } = await loaders[language]();
    for (const [namespace, bundle] of Object.entries(texts)) i18next.addResourceBundle(language, namespace, bundle);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}
