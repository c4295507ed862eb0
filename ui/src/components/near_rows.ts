// What is drawn of a long list that changes with every message: as much as is in sight, until somebody
// reads on. A browser lays out and paints what lies below the edge too, ten times a second.

import { useState } from 'preact/hooks';

interface NearRows<T> {
  readonly drawn: readonly T[];
  /** For the element that scrolls. */
  onScroll(event: { readonly currentTarget: EventTarget & Element }): void;
}

/** Draws the first `near` of `rows`, which must reach below the edge, and all of them once scrolled. */
export function useNearRows<T>(rows: readonly T[], near: number): NearRows<T> {
  const [scrolled, setScrolled] = useState(false);
  return {
    drawn: scrolled ? rows : rows.slice(0, near),
    onScroll: ({ currentTarget }) => setScrolled(currentTarget.scrollTop > 0),
  };
}
