// The service's API: requests and their errors, and the event stream with its reconnecting.

import type { DecisionBatch, LabelBatch, Stats, Transaction } from './types';

/** An answer that is none: the status, and what the problem (RFC 9457) says where there is one. */
export class ServiceError extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

async function answer<T>(path: string, response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
  throw new ServiceError(
    response.status,
    problem.detail ?? problem.title ?? `${path}: HTTP ${response.status}`,
  );
}

export async function getJson<T>(path: string, signal: AbortSignal): Promise<T> {
  return answer(path, await fetch(path, { signal, headers: { Accept: 'application/json' } }));
}

export async function postJson<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
  const options = { method: 'POST', headers, body: JSON.stringify(body), signal: signal ?? null };
  return answer(path, await fetch(path, options));
}

/** What a page sees when it opens or comes back: the state before the stream's first event. */
export interface Snapshot {
  readonly stats: Stats;
  /** Latest first. */
  readonly transactions: readonly Transaction[];
  /** Those not approved, latest first. */
  readonly alerts: readonly Transaction[];
}

async function getSnapshot(signal: AbortSignal, limit: number): Promise<Snapshot> {
  type Page = { transactions: Transaction[] };
  const [stats, latest, alerts] = await Promise.all([
    getJson<Stats>('/v1/stats', signal),
    getJson<Page>(`/v1/transactions?limit=${limit}`, signal),
    getJson<Page>(`/v1/transactions?limit=${limit}&decision=review,decline`, signal),
  ]);
  return { stats, transactions: latest.transactions, alerts: alerts.transactions };
}

export interface StreamHandlers {
  onSnapshot(snapshot: Snapshot): void;
  onDecisions(batch: DecisionBatch): void;
  onStats(stats: Stats): void;
  onLabels(batch: LabelBatch): void;
  /** The connection is gone; it is being tried again. */
  onLost(): void;
}

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 10_000;
/** Statistics come every second: a stream this silent is a dead one. */
const SILENCE_MS = 10_000;
const SNAPSHOT_LIMIT = 100;
/** Events held while the snapshot is on its way; over that the oldest are let go. */
const HELD_MAX = 100;

/**
 * Follows the service until the returned function is called. Each time the stream opens, a snapshot
 * is fetched, so that what happened in between is not missed, and the stream's events wait until it
 * is there: the handlers hear everything in the order in which it happened. EventSource retries by itself only
 * after some failures; closing it and opening a new one covers them all.
 */
export function followService(handlers: StreamHandlers): () => void {
  let source: EventSource | null = null;
  let held: (() => void)[] | null = null;
  let abort = new AbortController();
  let retryMs = RETRY_FIRST_MS;
  let retryTimer: number | undefined;
  let silenceTimer: number | undefined;

  function heard(): void {
    window.clearTimeout(silenceTimer);
    silenceTimer = window.setTimeout(lost, SILENCE_MS);
  }

  function disconnect(): void {
    source?.close();
    source = null;
    abort.abort();
    window.clearTimeout(silenceTimer);
    window.clearTimeout(retryTimer);
  }

  function lost(): void {
    disconnect();
    handlers.onLost();
    retryTimer = window.setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }

  function on<T>(name: string, handle: (data: T) => void): void {
    source?.addEventListener(name, (event: MessageEvent<string>) => {
      heard();
      const data = JSON.parse(event.data) as T;
      if (!held) return handle(data);
      held.push(() => handle(data));
      if (held.length > HELD_MAX) held.shift();
    });
  }

  async function opened(signal: AbortSignal): Promise<void> {
    heard();
    try {
      const snapshot = await getSnapshot(signal, SNAPSHOT_LIMIT);
      retryMs = RETRY_FIRST_MS;
      handlers.onSnapshot(snapshot);
      const waiting = held ?? [];
      held = null;
      for (const deliver of waiting) deliver();
    } catch {
      if (!signal.aborted) lost();
    }
  }

  function connect(): void {
    abort = new AbortController();
    const { signal } = abort;
    held = [];
    source = new EventSource('/v1/stream');
    source.onopen = () => void opened(signal);
    source.onerror = lost;
    on<DecisionBatch>('decisions', handlers.onDecisions);
    on<Stats>('stats', handlers.onStats);
    on<LabelBatch>('labels', handlers.onLabels);
    heard();
  }

  connect();
  return disconnect;
}
