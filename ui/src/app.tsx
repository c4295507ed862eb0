// The page as a whole: the settings, the bar at the top, the navigation, and the view that is open.

import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import { personOf } from './api/session';
import { Header } from './components/header';
import { Navigation } from './components/navigation';
import { SignInDialog, SignInPage } from './components/sign_in';
import { LocaleContext, makeLocale } from './context';
import type { Language, Texts } from './i18n';
import { AlertsPage } from './pages/alerts';
import { LivePage } from './pages/live';
import { ModelsPage } from './pages/models';
import { PipelinesPage } from './pages/pipelines';
import { SystemPage } from './pages/system';
import { TransactionPage } from './pages/transaction';
import { hashOf, useRoute, viewOf, type Route } from './route';
import {
  applyLanguage,
  applyTheme,
  savedLanguage,
  savedTheme,
  saveLanguage,
  saveTheme,
  type Theme,
} from './settings';
import { useSession } from './session';
import type { LiveState } from './state/live';
import { forgetFilter } from './state/queue_filter';
import type { Store } from './state/store';

function useStore(store: Store): LiveState {
  const [, setDrawn] = useState(store.state);
  useEffect(() => {
    setDrawn(store.state);
    return store.watch(() => setDrawn(store.state));
  }, [store]);
  return store.state; // as it is now: what was let go of is not drawn once more
}

/** The fragment says which view is open: the link must not change it. */
function skipToContent(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

interface ContentProps {
  readonly route: Route;
  readonly state: LiveState;
  readonly store: Store;
  readonly pausedAt: LiveState | null;
  onPause(): void;
}

function Content({ route, state, store, pausedAt, onPause }: ContentProps): JSX.Element {
  const { connection } = state;
  switch (route.view) {
    case 'live':
      return (
        <LivePage
          connection={connection}
          state={pausedAt ?? state}
          latest={state}
          store={store}
          paused={pausedAt !== null}
          onPause={onPause}
        />
      );
    case 'alerts':
    case 'audit':
      return <AlertsPage route={route} connection={connection} />;
    case 'pipelines':
    case 'pipeline':
    case 'run':
      return <PipelinesPage route={route} connection={connection} />;
    case 'system':
      return <SystemPage connection={connection} stats={state.stats} />;
    case 'transaction':
      return (
        <TransactionPage
          key={route.number}
          number={route.number}
          connection={connection}
          caseChanges={state.caseChanges}
        />
      );
    default:
      return <ModelsPage route={route} connection={connection} />;
  }
}

/** What a tab of the browser is called: the page, and which of its kind it shows. */
function titleOf(route: Route, texts: Texts): string {
  switch (route.view) {
    case 'transaction':
      return `${texts.transaction.title} ${route.number}`;
    case 'alerts':
      return texts.queue.title; // the alert beside it changes with each key, and the address follows later
    case 'audit':
      return texts.queue.audit;
    case 'pipeline':
      return `${route.name} · ${texts.pipelines.title}`;
    case 'run':
      return `${texts.pipelines.runFound} ${route.id}`;
    case 'model':
      return `${route.name} ${route.version} · ${texts.models.title}`;
    case 'comparison':
      return `${route.models.join(' / ')} · ${texts.models.title}`;
    default:
      return texts.views[viewOf(route)];
  }
}

/**
 * On the way to another view the page's heading takes the focus, so that the keyboard goes on from
 * there and a screen reader says where one is. The page's title says it too.
 */
function useArrival(route: Route, name: string): void {
  const first = useRef(true);
  const address = hashOf(route);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const find = (selector: string) => document.querySelector<HTMLElement>(selector);
    (find('main [data-heading]') ?? find('main'))?.focus({ preventScroll: true });
  }, [address]);
  useEffect(() => {
    document.title = `${name} · haechi 해치`;
  }, [address, name]);
}

type Gate = 'open' | 'page' | 'dialog';

/**
 * Whether a sign-in is wanted: as a page, or as a dialog where a session ended by itself, after which
 * the same person goes on. Who leaves takes along what was seen, and so does who is followed by another.
 */
function useGate(): { readonly gate: Gate; readonly turn: number; leave(): void } {
  const session = useSession();
  const person = useRef<string | null>(null);
  const leaving = useRef(false);
  // Rises when one person follows another; the first one to be known follows nobody.
  const turn = useRef({ of: null as string | null, count: 0 });
  const now = personOf(session);
  if (now !== null && now !== turn.current.of)
    turn.current = { of: now, count: turn.current.count + (turn.current.of === null ? 0 : 1) };
  const closed = session !== null && now === null;
  if (now !== null && !leaving.current) person.current = now;
  if (closed) leaving.current = false;
  const gate = !closed ? 'open' : person.current !== null ? 'dialog' : 'page';
  const leave = (): void => {
    person.current = null;
    leaving.current = true;
  };
  return { gate, turn: turn.current.count, leave };
}

export function App({ store }: { readonly store: Store }): JSX.Element {
  const state = useStore(store);
  const route = useRoute();
  const [pausedAt, setPausedAt] = useState<LiveState | null>(null);
  const [language, setLanguage] = useState<Language>(savedLanguage);
  const [theme, setTheme] = useState<Theme>(savedTheme);
  const locale = useMemo(() => makeLocale(language), [language]);
  const { gate, turn, leave } = useGate();
  useLayoutEffect(() => setPausedAt(null), [turn, gate]);
  useEffect(() => applyLanguage(language), [language]);
  useEffect(() => applyTheme(theme), [theme]);
  useArrival(route, titleOf(route, locale.texts));

  return (
    <LocaleContext.Provider value={locale}>
      <a class="skip" href="#main" onClick={skipToContent}>
        {locale.texts.skip}
      </a>
      <Header
        stats={state.stats}
        connection={state.connection}
        paused={pausedAt !== null}
        closed={gate !== 'open'}
        theme={theme}
        onSignOut={() => {
          leave();
          store.send({ kind: 'left' });
          forgetFilter();
        }}
        onLanguage={(chosen) => {
          saveLanguage(chosen);
          setLanguage(chosen);
        }}
        onTheme={(chosen) => {
          saveTheme(chosen);
          setTheme(chosen);
        }}
      />
      {gate === 'page' ? (
        <SignInPage />
      ) : (
        // Behind the dialog it is kept, but not shown: who signs in may be somebody else.
        <div class={`views ${gate === 'dialog' ? 'veiled' : ''}`}>
          <Navigation current={viewOf(route)} />
          <Content
            key={turn}
            route={route}
            state={state}
            store={store}
            pausedAt={pausedAt}
            onPause={() => setPausedAt(pausedAt ? null : state)}
          />
        </div>
      )}
      {gate === 'dialog' && <SignInDialog />}
    </LocaleContext.Provider>
  );
}
