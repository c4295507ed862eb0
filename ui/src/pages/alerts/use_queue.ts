// The queue as a component's state: asked for, kept up to date by the stream, and changed.

import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';

import { alertPath, type AlertPage, type AlertShown, type CaseChange } from '../../api/alerts';
import { getJson, postJson, ServiceError } from '../../api/client';
import { asError } from '../../problem';
import { feed } from '../../state/feed';
import type { Connection } from '../../state/live';
import { noQueue, reduceQueue, type Queue } from '../../state/queue';
import { lets, queryOf, type QueueFilter } from '../../state/queue_filter';

const PAGE_ROWS = 50;
/** After events the first page is asked for again, but not more often than this. */
const AGAIN_MS = 3_000;
/** So long a chosen alert stays chosen before it is asked for: who runs down the list asks for none. */
const SETTLE_MS = 120;

export type Outcome =
  | { readonly kind: 'done'; readonly alert: AlertShown }
  /** Somebody else changed it first: what it is now. */
  | { readonly kind: 'conflict'; readonly alert: AlertShown }
  | { readonly kind: 'failed'; readonly error: Error };

export interface QueueHandle {
  readonly queue: Queue;
  /** Which alerts it holds, as a question to the service. */
  readonly filters: string;
  readonly loading: boolean;
  readonly error: Error | null;
  /** Asks for the first page anew: what arrived gets its place. */
  showNew(): void;
  showMore(): void;
  change(number: string, change: CaseChange): Promise<Outcome>;
}

/** `chosen` is the alert beside the list, as it is by the time of an answer. */
export function useQueue(
  filter: QueueFilter,
  me: string,
  connection: Connection,
  chosen: { readonly current: string | null },
): QueueHandle & {
  opened(alert: AlertShown): void;
} {
  const [queue, send] = useReducer(reduceQueue, noQueue);
  const [asked, setAsked] = useState(0);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<Error | null>(null);
  // "The last 24 hours" stand still until the queue is asked for anew: no row falls out meanwhile.
  const now = useMemo(() => Date.now(), [filter, asked]);
  const filters = queryOf(filter, me, now);
  const query = `/v1/alerts?${filters}&limit=${PAGE_ROWS}`;
  const abort = useRef(new AbortController());

  const ask = useCallback(
    async (path: string, kind: 'page' | 'more' | 'again'): Promise<void> => {
      if (kind !== 'again') setLoading(true);
      const { signal } = abort.current;
      try {
        const page = await getJson<AlertPage>(path, signal);
        if (signal.aborted) return;
        send({ kind, page });
        setError(null);
      } catch (failure) {
        if (signal.aborted) return;
        if (kind !== 'again') setError(asError(failure));
      }
      if (kind !== 'again') setLoading(false);
    },
    [],
  );

  useEffect(() => {
    abort.current = new AbortController();
    void ask(query, 'page');
    return () => abort.current.abort();
  }, [query, asked]);

  useStream(filter, me, connection, queue.rows !== null, send, () => ask(query, 'again'));
  // A first answer that failed is asked for again when the service is back.
  useEffect(() => {
    if (connection === 'live' && error) setAsked((count) => count + 1);
  }, [connection]);

  const change = useCallback(async (number: string, wanted: CaseChange): Promise<Outcome> => {
    const { expected: _, note: __, ...shown } = wanted;
    send({ kind: 'asked', number, change: shown });
    try {
      const alert = await postJson<AlertShown>(alertPath(number), wanted);
      send({ kind: 'saved', alert, chosen: chosen.current === number });
      return { kind: 'done', alert };
    } catch (failure) {
      const conflict = failure instanceof ServiceError && failure.status === 409;
      const actual = conflict ? await actualOf(number) : null;
      send({ kind: 'refused', number, actual, chosen: chosen.current === number });
      return actual ? { kind: 'conflict', alert: actual } : { kind: 'failed', error: asError(failure) };
    }
  }, []);

  return {
    queue,
    filters,
    loading,
    error,
    showNew: () => setAsked(asked + 1),
    showMore: () => {
      if (queue.next !== null && !loading) void ask(`${query}&after=${encodeURIComponent(queue.next)}`, 'more');
    },
    change,
    opened: useCallback((alert) => send({ kind: 'opened', alert }), []),
  };
}

async function actualOf(number: string): Promise<AlertShown | null> {
  try {
    return await getJson<AlertShown>(alertPath(number), new AbortController().signal);
  } catch {
    return null;
  }
}

/** Rows follow the stream's cases at once; counts and what fell out of the stream, a little later. */
function useStream(
  filter: QueueFilter,
  me: string,
  connection: Connection,
  shown: boolean,
  send: (message: Parameters<typeof reduceQueue>[1]) => void,
  askAgain: () => Promise<void>,
): void {
  const now = useRef({ filter, me, askAgain, shown });
  now.current = { filter, me, askAgain, shown };
  const stale = useRef(false);
  useEffect(() => {
    stale.current = true;
  }, [connection]);
  useEffect(() => {
    const unwatch = feed.watch({
      onDecisions: ({ items }) => {
        const alerts = items.filter((item) => item.decision !== 'approve');
        if (alerts.length === 0) return;
        stale.current = true;
        const fresh = { status: 'open', assignee: null } as const;
        const numbers = alerts
          .filter((item) => lets(now.current.filter, now.current.me, Date.now(), { ...item, ...fresh }))
          .map((item) => item.trans_num);
        if (now.current.shown && numbers.length > 0) send({ kind: 'arrived', numbers });
      },
      onCases: ({ items }) => {
        stale.current = true;
        send({ kind: 'cases', items });
      },
    });
    let busy = false;
    const timer = setInterval(() => {
      if (!stale.current || busy || document.hidden || !now.current.shown) return;
      stale.current = false;
      busy = true;
      void now.current.askAgain().finally(() => (busy = false));
    }, AGAIN_MS);
    return () => {
      unwatch();
      clearInterval(timer);
    };
  }, []);
}

export interface CaseHandle {
  readonly loading: boolean;
  readonly error: Error | null;
}

/** Asks for the alert that is chosen, unless it is `known`: there, and as it is by now. */
export function useCase(
  number: string | null,
  known: boolean,
  connection: Connection,
  onAlert: (alert: AlertShown) => void,
): CaseHandle {
  type Held = CaseHandle & { readonly number: string | null };
  const [held, setHeld] = useState<Held>({ number, loading: true, error: null });
  useEffect(() => {
    if (number === null || known) return;
    const abort = new AbortController();
    setHeld({ number, loading: true, error: null });
    const timer = setTimeout(async () => {
      try {
        const alert = await getJson<AlertShown>(alertPath(number), abort.signal);
        if (abort.signal.aborted) return;
        onAlert(alert);
        setHeld({ number, loading: false, error: null });
      } catch (failure) {
        if (!abort.signal.aborted) setHeld({ number, loading: false, error: asError(failure) });
      }
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [number, known, connection]);
  return held.number === number ? held : { loading: true, error: null };
}
