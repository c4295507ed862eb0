// What the viewer chose: language and appearance. Kept in the browser where it allows that.

import { preferredLanguage, type Language } from './i18n';

export type Theme = 'auto' | 'light' | 'dark';

const LANGUAGE_KEY = 'haechi.language';
const THEME_KEY = 'haechi.theme';

export function readSetting(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is forbidden: the choice lasts as long as the page
  }
}

export function writeSetting(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // as above
  }
}

export function savedLanguage(): Language {
  const saved = readSetting(LANGUAGE_KEY);
  return saved === 'en' || saved === 'ko' ? saved : preferredLanguage(navigator.languages);
}

export function savedTheme(): Theme {
  const saved = readSetting(THEME_KEY);
  return saved === 'light' || saved === 'dark' ? saved : 'auto';
}

export function applyLanguage(language: Language): void {
  document.documentElement.lang = language;
}

/** The style sheet does the rest: without the attribute it follows the system. */
export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

export function saveLanguage(language: Language): void {
  writeSetting(LANGUAGE_KEY, language);
}

export function saveTheme(theme: Theme): void {
  writeSetting(THEME_KEY, theme);
}
