// The bar at the top: who we are, which model decides, how the service is, and the switches.

import type { JSX } from 'preact';

import type { Stats } from '../api/types';
import { useLocale } from '../context';
import { languageNames, type Language } from '../i18n';
import type { Theme } from '../settings';
import type { Connection } from '../state/live';
import { Identity } from './identity';

interface HeaderProps {
  readonly stats: Stats | null;
  readonly connection: Connection;
  readonly paused: boolean;
  /** Nothing is shown yet: a sign-in is wanted. */
  readonly closed: boolean;
  readonly theme: Theme;
  onSignOut(): void;
  onLanguage(language: Language): void;
  onTheme(theme: Theme): void;
}

function ServiceState(props: HeaderProps): JSX.Element {
  const { texts } = useLocale();
  const state = props.connection === 'live' && props.paused ? 'paused' : props.connection;
  const text = state === 'paused' ? texts.paused : texts.connection[state];
  return (
    <p class={`state ${state}`} role="status">
      {text}
    </p>
  );
}

function ModelName({ stats }: { readonly stats: Stats | null }): JSX.Element {
  const { texts } = useLocale();
  const model = stats?.model;
  return (
    <p class="model">
      <span class="quiet">{texts.model}</span>{' '}
      {model ? (
        <>
          <b>{model.name}</b> <span class="version">{model.version}</span>
        </>
      ) : (
        <b>{stats ? texts.noModel : '–'}</b>
      )}
    </p>
  );
}

export function Header(props: HeaderProps): JSX.Element {
  const { language, texts } = useLocale();
  const themes: readonly Theme[] = ['auto', 'light', 'dark'];
  return (
    <header>
      <div class="brand">
        <img src="/icon.svg" alt="" width="34" height="34" />
        <h1>
          haechi <span lang="ko">해치</span>
          <small>{texts.tagline}</small>
        </h1>
      </div>
      {!props.closed && <ModelName stats={props.stats} />}
      {!props.closed && <ServiceState {...props} />}
      <Identity onSignOut={props.onSignOut} />
      <div class="switches">
        <div class="languages" role="group" aria-label={texts.language}>
          {(Object.keys(languageNames) as Language[]).map((code) => (
            <button
              type="button"
              key={code}
              lang={code}
              aria-pressed={code === language}
              onClick={() => props.onLanguage(code)}
            >
              {languageNames[code]}
            </button>
          ))}
        </div>
        <label class="theme">
          <span class="hidden">{texts.theme}</span>
          <select
            value={props.theme}
            onChange={(event) => props.onTheme(event.currentTarget.value as Theme)}
          >
            {themes.map((theme) => (
              <option key={theme} value={theme} selected={theme === props.theme}>
                {texts.themes[theme]}
              </option>
            ))}
          </select>
        </label>
      </div>
    </header>
  );
}
