// The way from one view to another: plain links, which the keyboard and the browser's history know.

import type { JSX } from 'preact';

import { useLocale } from '../context';
import { hashOf, VIEWS, type View } from '../route';

export function Navigation({ current }: { readonly current: View }): JSX.Element {
  const { texts } = useLocale();
  return (
    <nav aria-label={texts.navigation}>
      {VIEWS.map((view) => (
        <a key={view} href={hashOf({ view })} aria-current={view === current ? 'page' : undefined}>
          {texts.views[view]}
        </a>
      ))}
    </nav>
  );
}
