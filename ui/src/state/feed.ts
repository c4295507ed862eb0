// What the stream brings, as it comes, for pages that count or merge it themselves: nothing is kept.

import type { CaseBatch, DecisionBatch } from '../api/types';

export interface FeedWatcher {
  onDecisions?(batch: DecisionBatch): void;
  onCases?(batch: CaseBatch): void;
}

class Feed implements Required<FeedWatcher> {
  #watchers = new Set<FeedWatcher>();

  onDecisions(batch: DecisionBatch): void {
    for (const watcher of this.#watchers) watcher.onDecisions?.(batch);
  }

  onCases(batch: CaseBatch): void {
    for (const watcher of this.#watchers) watcher.onCases?.(batch);
  }

  /** Tells `watcher` until the returned function is called. */
  watch(watcher: FeedWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

export const feed = new Feed();
