// What every component needs and none should have to hand on: the language's texts and formats.

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import { makeFormat, type Format } from './format';
import { texts, type Language, type Texts } from './i18n';

export interface Locale {
  readonly language: Language;
  readonly texts: Texts;
  readonly format: Format;
}

export function makeLocale(language: Language): Locale {
  return { language, texts: texts[language], format: makeFormat(language) };
}

export const LocaleContext = createContext<Locale>(makeLocale('en'));

export function useLocale(): Locale {
  return useContext(LocaleContext);
}
