import type { Page } from 'playwright-core';
import { type Texts, textsOf } from '../texts.ts';

/** Somebody at the console, and what it says to them in their language. */
export interface Visitor {
  readonly page: Page;
  readonly t: Texts;
  /** As the console writes it: 1,041.5 or 1.041,5. */
  number(value: number): string;
}

export type Language = 'en' | 'id';
export const localeOf: Readonly<Record<Language, string>> = { en: 'en-GB', id: 'id-ID' };

export function createVisitor(page: Page, language: Language): Visitor {
  const numbers = new Intl.NumberFormat(localeOf[language]);
  return { page, t: textsOf[language], number: (value) => numbers.format(value) };
}

/** By the sidebar. */
export async function goTo(
  { page, t }: Visitor,
  place: Exclude<keyof Texts['common']['navigation'], 'groups'>,
): Promise<void> {
  const { menu, navigation } = t.common;
  await page
    .getByRole('navigation', { name: menu })
    .getByRole('link', { name: navigation[place], exact: true })
    .click();
}
