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
import { sessionHolder } from './api/session';
import { App } from './app';
import { applyLanguage, applyTheme, savedLanguage, savedTheme } from './settings';
import { feed } from './state/feed';
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

// Followed from the start; not while a sign-in is wanted, and again after it.
let stop: (() => void) | null = follow();
sessionHolder.watch(() => {
  if (!sessionHolder.closed) stop ??= follow();
  else if (stop) {
    stop();
    stop = null;
    store.send({ kind: 'closed' });
  }
});
