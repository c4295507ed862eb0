// Where the page starts: the service's messages go into the store, the store's state is drawn.

import './style/main.css';

import { render } from 'preact';

import { followService } from './api/client';
import { App } from './app';
import { applyLanguage, applyTheme, savedLanguage, savedTheme } from './settings';
import { Store } from './state/store';

applyTheme(savedTheme());
applyLanguage(savedLanguage());

const store = new Store();
render(<App store={store} />, document.getElementById('app')!);

followService({
  onSnapshot: (snapshot) => store.send({ kind: 'snapshot', at: Date.now(), snapshot }),
  onDecisions: (batch) => store.send({ kind: 'decisions', at: Date.now(), batch }),
  onStats: (stats) => store.send({ kind: 'stats', at: Date.now(), stats }),
  onLabels: (batch) => store.send({ kind: 'labels', at: Date.now(), batch }),
  onLost: () => store.send({ kind: 'lost' }),
});
