// What is drawn of a long list that changes with every message: as much as is in sight, until somebody
// reads on. A browser lays out and paints what lies below the edge too, ten times a second.

import { useState } from 'preact/hooks';

interface NearRows<T> {
  readonly drawn: readonly T[];
  /** For the element that scrolls. */
  readonly watched: {
    onScroll(event: { readonly currentTarget: EventTarget & Element }): void;
    onFocusIn(): void;
    onFocusOut(): void;
  };
}

/**
 * Draws the first `near` of `rows`, which must reach below the edge, and all of them once scrolled or while the
 * focus is in one: newer rows push it past the edge, and what is not drawn loses it.
 */
export function useNearRows<T>(rows: readonly T[], near: number): NearRows<T> {
  const [scrolled, setScrolled] = useState(false);
  const [focused, setFocused] = useState(false);
  return {
    drawn: scrolled || focused ? rows : rows.slice(0, near),
    watched: {
      onScroll: ({ currentTarget }) => setScrolled(currentTarget.scrollTop > 0),
      onFocusIn: () => setFocused(true),
      onFocusOut: () => setFocused(false),
    },
  };
}
