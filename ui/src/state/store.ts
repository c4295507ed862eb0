// The one place where the page's state lives. Messages may come thousands a second; those who watch
// are told at most once a frame, and not more often than a person can read.

import { initialState, reduce, type LiveState, type Message } from './live';

const NOTIFY_EVERY_MS = 250;

export class Store {
  #state: LiveState = initialState;
  #watchers = new Set<() => void>();
  #scheduled = false;
  #notifiedAt = 0;

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
    if (now - this.#notifiedAt < NOTIFY_EVERY_MS) {
      requestAnimationFrame((next) => this.#frame(next));
      return;
    }
    this.#scheduled = false;
    this.#notifiedAt = now;
    for (const watcher of this.#watchers) watcher();
  }
}
