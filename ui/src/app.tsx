// The page as a whole: the settings, the bar at the top, the navigation, and the view that is open.

import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';

import { Header } from './components/header';
import { Navigation } from './components/navigation';
import { LocaleContext, makeLocale } from './context';
import type { Language } from './i18n';
import { LivePage } from './pages/live';
import { ModelsPage } from './pages/models';
import { SystemPage } from './pages/system';
import { TransactionPage } from './pages/transaction';
import { useRoute, viewOf, type Route } from './route';
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

/** The fragment says which view is open: the link must not change it. */
function skipToContent(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

interface ContentProps {
  readonly route: Route;
  readonly state: LiveState;
  readonly pausedAt: LiveState | null;
}

function Content({ route, state, pausedAt }: ContentProps): JSX.Element {
  if (route.view === 'live') return <LivePage connection={state.connection} state={pausedAt ?? state} />;
  if (route.view === 'system') return <SystemPage connection={state.connection} stats={state.stats} />;
  if (route.view === 'transaction')
    return <TransactionPage number={route.number} connection={state.connection} />;
  return <ModelsPage route={route} connection={state.connection} />;
}

export function App({ store }: { readonly store: Store }): JSX.Element {
  const state = useStore(store);
  const route = useRoute();
  const [pausedAt, setPausedAt] = useState<LiveState | null>(null);
  const [language, setLanguage] = useState<Language>(savedLanguage);
  const [theme, setTheme] = useState<Theme>(savedTheme);
  const locale = useMemo(() => makeLocale(language), [language]);
  useEffect(() => applyLanguage(language), [language]);
  useEffect(() => applyTheme(theme), [theme]);

  const arrived = (state.stats?.transactions ?? 0) - (pausedAt?.stats?.transactions ?? 0);
  return (
    <LocaleContext.Provider value={locale}>
      <a class="skip" href="#main" onClick={skipToContent}>
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
      <Navigation current={viewOf(route)} />
      <Content route={route} state={state} pausedAt={pausedAt} />
    </LocaleContext.Provider>
  );
}
