// The one place where the page's state lives. Messages may come thousands a second; those who watch
// are told as often as the stream comes, and less often where drawing takes the browser long.

import { initialState, reduce, type LiveState, type Message } from './live';

/** The service sends ten batches a second. */
const NOTIFY_EVERY_MS = 90;
/** At most one part in so many of the time goes into drawing. */
const DRAWING_SHARE = 4;
const NOTIFY_EVERY_MAX_MS = 1_000;

export class Store {
  #state: LiveState = initialState;
  #watchers = new Set<() => void>();
  #scheduled = false;
  #notifiedAt = 0;
  #everyMs = NOTIFY_EVERY_MS;

  get state(): LiveState {
    return this.#state;
  }

  send(message: Message): void {
    this.#state = reduce(this.#state, message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame((now) => this.#frame(now));
  }

  /** Calls `watcher` after changes, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #frame(now: number): void {
    if (now - this.#notifiedAt < this.#everyMs) {
      requestAnimationFrame((next) => this.#frame(next));
      return;
    }
    this.#scheduled = false;
    this.#notifiedAt = now;
    const started = performance.now();
    for (const watcher of this.#watchers) watcher();
    // The next task comes when what this one changed has been rendered.
    setTimeout(() => {
      const took = performance.now() - started;
      this.#everyMs = Math.min(NOTIFY_EVERY_MAX_MS, Math.max(NOTIFY_EVERY_MS, took * DRAWING_SHARE));
    });
  }
}
