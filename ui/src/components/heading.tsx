// The heading of a page, which takes the focus on the way there.

import type { ComponentChildren, JSX } from 'preact';

export function Heading({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return (
    <h2 data-heading tabIndex={-1}>
      {children}
    </h2>
  );
}
