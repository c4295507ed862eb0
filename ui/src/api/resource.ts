// One answer of the service as a component's state: on its way, there, absent or failed.

import { useEffect, useState } from 'preact/hooks';

import { getJson, ServiceError } from './client';

export interface Resource<T> {
  /** The last answer to this path; it stays while a newer one is on its way or fails. */
  readonly data: T | null;
  readonly loading: boolean;
  /** Why the last request failed; null where it did not. */
  readonly error: Error | null;
}

const NOTHING = { data: null, loading: true, error: null };

export function isAbsent(error: Error | null): boolean {
  return error instanceof ServiceError && error.status === 404;
}

/** Not yet, as after a start, or too much at once: it will answer. */
export function isBusy(error: Error | null): boolean {
  return error instanceof ServiceError && error.status === 503;
}

/**
 * The answer to GET `path` (nothing is asked while it is null), asked again whenever `version`
 * changes and, with `everyMs`, that long after each answer.
 */
export function useResource<T>(
  path: string | null,
  version: unknown,
  everyMs = 0,
  read: (path: string, signal: AbortSignal) => Promise<T> = getJson,
): Resource<T> {
  type Held = Resource<T> & { readonly path: string | null };
  const [held, setHeld] = useState<Held>({ ...NOTHING, path });
  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    let timer: number | undefined;
    const ask = async (): Promise<void> => {
      setHeld((was) => (was.path === path ? { ...was, loading: true } : { ...NOTHING, path }));
      try {
        const data = await read(path, abort.signal);
        setHeld({ path, data, loading: false, error: null });
      } catch (error) {
        if (abort.signal.aborted) return;
        const reason = error instanceof Error ? error : new Error(String(error));
        setHeld((was) => ({ path, data: was.path === path ? was.data : null, loading: false, error: reason }));
      }
      if (everyMs > 0 && !abort.signal.aborted) timer = window.setTimeout(() => void ask(), everyMs);
    };
    void ask();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [path, version, everyMs, read]);
  return held.path === path ? held : NOTHING;
}
