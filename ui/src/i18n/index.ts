// The languages of the page and the choice of one.

import { en, type Texts } from './en';
import { ko } from './ko';

export type Language = 'en' | 'ko';
export type { Texts };

export const texts: Readonly<Record<Language, Texts>> = { en, ko };

/** Each language's name in itself. */
export const languageNames: Readonly<Record<Language, string>> = { en: 'English', ko: '한국어' };

/** The first of the browser's preferred languages that the page has; English when none is. */
export function preferredLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const base = tag.toLowerCase().split('-')[0];
    if (base === 'en' || base === 'ko') return base;
  }
  return 'en';
}
