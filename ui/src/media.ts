// Whether a media query holds, for what the style sheet alone cannot do.

import { useEffect, useState } from 'preact/hooks';

/** The width up to which lists and what is chosen in them do not stand beside each other. */
export const NARROW = '(max-width: 1100px)';

export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const follow = (): void => setHolds(list.matches);
    follow();
    list.addEventListener('change', follow);
    return () => list.removeEventListener('change', follow);
  }, [query]);
  return holds;
}
