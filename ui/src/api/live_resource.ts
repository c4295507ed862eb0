// An answer that is asked for again whenever events have changed it, while the page can be seen.

import { useEffect, useRef, useState } from 'preact/hooks';

import { isDue, type Asked } from '../state/due';
import { getJson, ServiceError } from './client';
import type { Resource } from './resource';

/** How often it is looked whether it is time. */
const LOOK_EVERY_MS = 250;

/** Whether asking again makes no sense before something has changed: not so of one that is busy or gone. */
function isFinal(error: unknown): boolean {
  return error instanceof ServiceError && error.status < 500 && error.status !== 429;
}

type Held<T> = Resource<T> & { readonly path: string };

/**
 * The answer to GET `path`, as of `changes`: a text that is another one when events have come. Not
 * asked again while not `active`. What was answered before stays until the next answer is there, also
 * that of another path: `loading` then says that it is the old one.
 */
export function useLiveResource<T>(path: string, changes: string, active: boolean): Resource<T> {
  const [held, setHeld] = useState<Held<T>>({ path, data: null, loading: true, error: null });
  const now = useRef({ changes, active });
  now.current = { changes, active };

  useEffect(() => {
    const abort = new AbortController();
    let asked: Asked | null = null;
    let busy = false;
    async function ask(): Promise<void> {
      let of = now.current.changes;
      const began = performance.now();
      busy = true;
      try {
        const data = await getJson<T>(path, abort.signal);
        setHeld({ path, data, loading: false, error: null });
      } catch (error) {
        if (abort.signal.aborted) return;
        if (!isFinal(error)) of = '';
        const reason = error instanceof Error ? error : new Error(String(error));
        setHeld((was) => ({ ...was, path, loading: false, error: reason }));
      }
      asked = { of, began, ended: performance.now() };
      busy = false;
    }
    const look = (): void => {
      const wanted = asked === null || (now.current.active && !document.hidden);
      if (!busy && wanted && isDue(asked, now.current.changes, performance.now())) void ask();
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [path]);
  return held.path === path ? held : { ...held, loading: true, error: null };
}
