// Which view is open: said by the address's fragment, so that back, forward and links work and the
// service need not know of it. "#/models/xgboost/20261124T..." and the like.

import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

export type Route =
  | { readonly view: 'live' }
  | { readonly view: 'alerts'; readonly number?: string }
  | { readonly view: 'audit' }
  | { readonly view: 'pipelines' }
  | { readonly view: 'pipeline'; readonly name: string }
  | { readonly view: 'run'; readonly id: string }
  | { readonly view: 'models' }
  | { readonly view: 'system' }
  | { readonly view: 'transaction'; readonly number: string }
  | { readonly view: 'model'; readonly name: string; readonly version: string }
  | { readonly view: 'comparison'; readonly models: readonly [string, string] };

/** The views that the navigation offers. */
export const VIEWS = ['live', 'alerts', 'models', 'pipelines', 'system'] as const;
export type View = (typeof VIEWS)[number];

/** The view of the navigation that a route belongs to. */
export function viewOf(route: Route): View {
  switch (route.view) {
    case 'transaction':
      return 'live';
    case 'audit':
      return 'alerts';
    case 'pipeline':
    case 'run':
      return 'pipelines';
    case 'model':
    case 'comparison':
      return 'models';
    default:
      return route.view;
  }
}

function parts(hash: string): string[] {
  try {
    return hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  } catch {
    return []; // a fragment that is no text: as if there were none
  }
}

/** The route of a fragment; of one that is not known, the live page. */
export function parseRoute(hash: string): Route {
  const [view, first, second, third] = parts(hash);
  if (view === 'compare' && first && second) return { view: 'comparison', models: [first, second] };
  if (view === 'transactions' && first && !second) return { view: 'transaction', number: first };
  if ((view === 'system' || view === 'audit') && !first) return { view };
  if (view === 'alerts' && !second) return first ? { view, number: first } : { view };
  if (view === 'pipelines' && !second) return first ? { view: 'pipeline', name: first } : { view };
  if (view === 'runs' && first && !second) return { view: 'run', id: first };
  if (view !== 'models' || third) return { view: 'live' };
  if (first && second) return { view: 'model', name: first, version: second };
  return { view: 'models' };
}

export function hashOf(route: Route): string {
  const join = (...segments: string[]): string => `#/${segments.map(encodeURIComponent).join('/')}`;
  switch (route.view) {
    case 'model':
      return join('models', route.name, route.version);
    case 'transaction':
      return join('transactions', route.number);
    case 'alerts':
      return route.number === undefined ? join('alerts') : join('alerts', route.number);
    case 'pipeline':
      return join('pipelines', route.name);
    case 'run':
      return join('runs', route.id);
    case 'comparison':
      return join('compare', ...route.models);
    default:
      return join(route.view);
  }
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = (): void => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  useLayoutEffect(() => scrollTo(0, 0), [route]);
  return route;
}
