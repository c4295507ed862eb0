// The page as a whole: the settings, the bar at the top, and the one page there is below it.

import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';

import { Header } from './components/header';
import { LocaleContext, makeLocale } from './context';
import type { Language } from './i18n';
import { LivePage } from './pages/live';
import {
  applyLanguage,
  applyTheme,
  savedLanguage,
  savedTheme,
  saveLanguage,
  saveTheme,
  type Theme,
} from './settings';
import type { LiveState } from './state/live';
import type { Store } from './state/store';

function useStore(store: Store): LiveState {
  const [state, setState] = useState(store.state);
  useEffect(() => {
    setState(store.state);
    return store.watch(() => setState(store.state));
  }, [store]);
  return state;
}

export function App({ store }: { readonly store: Store }): JSX.Element {
  const state = useStore(store);
  const [pausedAt, setPausedAt] = useState<LiveState | null>(null);
  const [language, setLanguage] = useState<Language>(savedLanguage);
  const [theme, setTheme] = useState<Theme>(savedTheme);
  const locale = useMemo(() => makeLocale(language), [language]);
  useEffect(() => applyLanguage(language), [language]);
  useEffect(() => applyTheme(theme), [theme]);

  const arrived = (state.stats?.transactions ?? 0) - (pausedAt?.stats?.transactions ?? 0);
  return (
    <LocaleContext.Provider value={locale}>
      <a class="skip" href="#latest">
        {locale.texts.skip}
      </a>
      <Header
        stats={state.stats}
        connection={state.connection}
        paused={pausedAt !== null}
        arrivedWhilePaused={pausedAt ? Math.max(0, arrived) : 0}
        theme={theme}
        onPause={() => setPausedAt(pausedAt ? null : state)}
        onLanguage={(chosen) => {
          saveLanguage(chosen);
          setLanguage(chosen);
        }}
        onTheme={(chosen) => {
          saveTheme(chosen);
          setTheme(chosen);
        }}
      />
      <LivePage connection={state.connection} state={pausedAt ?? state} />
    </LocaleContext.Provider>
  );
}
