// Where the page starts: the service's messages go into the store, the store's state is drawn.

import './style/main.css';
import './style/alerts.css';
import './style/live.css';
import './style/pipelines.css';
import './style/session.css';
import './style/transaction.css';

import { render } from 'preact';

import { followService } from './api/client';
import { presence } from './api/presence';
import { personOf, sessionHolder } from './api/session';
import { App } from './app';
import { applyLanguage, applyTheme, savedLanguage, savedTheme } from './settings';
import { feed } from './state/feed';
import { forgetFilter } from './state/queue_filter';
import { Store } from './state/store';

applyTheme(savedTheme());
applyLanguage(savedLanguage());

presence.watch(window);

const store = new Store();
render(<App store={store} />, document.getElementById('app')!);

const follow = (): (() => void) =>
  followService({
    onSnapshot: (snapshot) => store.send({ kind: 'snapshot', at: Date.now(), snapshot }),
    onDecisions: (batch) => {
      store.send({ kind: 'decisions', at: Date.now(), batch });
      feed.onDecisions(batch);
    },
    onStats: (stats) => store.send({ kind: 'stats', at: Date.now(), stats }),
    onLabels: (batch) => store.send({ kind: 'labels', at: Date.now(), batch }),
    onCases: (batch) => {
      store.send({ kind: 'cases', at: Date.now() });
      feed.onCases(batch);
    },
    onLost: () => store.send({ kind: 'lost' }),
  });

// Followed from the start; not while a sign-in is wanted, and again after it. Another person begins
// with nothing of what the one before saw.
let stop: (() => void) | null = follow();
let person = personOf(sessionHolder.session);
sessionHolder.watch(() => {
  const now = personOf(sessionHolder.session);
  const another = now !== null && person !== null && now !== person;
  if (another || sessionHolder.closed) {
    stop?.();
    stop = null;
    store.send({ kind: another ? 'left' : 'closed' });
  }
  if (another) forgetFilter();
  person = now ?? person;
  if (now !== null) stop ??= follow();
});
