// The service's API: requests and their errors, and the event stream with its reconnecting.

import { presence } from './presence';
import { OPEN, personOf, sessionHolder, type Session } from './session';
import type { CaseBatch, Decision, DecisionBatch, LabelBatch, Stats, Transaction } from './types';

/** An answer that is none: the status, and what the problem (RFC 9457) says where there is one. */
export class ServiceError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    /** Of a 429 or 503: after how many seconds to come again; null where it does not say. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }
}

async function answer<T>(path: string, response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
  if (response.status === 401 && path !== SESSION_PATH) sessionHolder.ended();
  throw new ServiceError(
    response.status,
    problem.detail ?? problem.title ?? `${path}: HTTP ${response.status}`,
    Number(response.headers.get('Retry-After')) || null,
  );
}

export async function getText(path: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(path, { signal, headers: presence.headers() });
  return response.ok ? response.text() : answer(path, response);
}

export async function getJson<T>(path: string, signal: AbortSignal): Promise<T> {
  const headers = { Accept: 'application/json', ...presence.headers() };
  return answer(path, await fetch(path, { signal, headers }));
}

function change(method: string, path: string, body?: object, signal?: AbortSignal): Promise<Response> {
  const csrf = sessionHolder.session?.csrf;
  const headers = {
    Accept: 'application/json',
    ...(body ? { 'Content-Type': 'application/json' } : {}),
    ...(csrf ? { 'X-Haechi-Csrf': csrf } : {}),
    ...presence.headers(),
  };
  const content = body ? { body: JSON.stringify(body) } : {};
  return fetch(path, { method, headers, ...content, signal: signal ?? null });
}

/**
 * Asks for a change. A sign-in in another tab leaves this one with what no longer holds: on a
 * refusal the session is asked for again, and where it is another one of the same person, the change is
 * tried once more. What one person asked for is not done as another; a session is ended whosoever it is.
 */
async function changeJson<T>(
  method: string,
  path: string,
  body?: object,
  signal?: AbortSignal,
): Promise<T> {
  const before = sessionHolder.session;
  let response = await change(method, path, body, signal);
  if (response.status === 403 && before?.csrf) {
    await askSession(signal ?? new AbortController().signal);
    const now = sessionHolder.session;
    const mine = personOf(now) === personOf(before) || path === SESSION_PATH;
    if (mine && now?.csrf !== before.csrf) response = await change(method, path, body, signal);
  }
  return answer(path, response);
}

export function postJson<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
  return changeJson('POST', path, body, signal);
}

const SESSION_PATH = '/v1/session';

/** Asks who is signed in, and lets everybody know. */
export async function askSession(signal: AbortSignal): Promise<void> {
  try {
    sessionHolder.set(await getJson<Session>(SESSION_PATH, signal));
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status !== 404) throw error;
    sessionHolder.set(OPEN);
  }
}

export async function signIn(token: string): Promise<void> {
  sessionHolder.set(await answer<Session>(SESSION_PATH, await change('POST', SESSION_PATH, { token })));
}

export async function signOut(): Promise<void> {
  sessionHolder.set(await changeJson<Session>('DELETE', SESSION_PATH));
}

/** The latest that the service holds, for the lists. */
export interface Found {
  /** Latest first. */
  readonly transactions: readonly Transaction[];
  /** Those not approved, latest first. */
  readonly alerts: readonly Transaction[];
}

/** What a page sees when it opens or comes back: the state before the stream's first event. */
export interface Snapshot extends Found {
  readonly stats: Stats;
}

type List = { readonly transactions: readonly Transaction[] };

/** The latest `limit` transactions and alerts, of the one decision where one is given. */
export async function getLatest(
  signal: AbortSignal,
  limit: number,
  decision: Decision | null = null,
): Promise<Found> {
  const list = (decisions: string): Promise<List> =>
    getJson<List>(`/v1/transactions?limit=${limit}${decisions && `&decision=${decisions}`}`, signal);
  const none: List = { transactions: [] };
  const [latest, alerts] = await Promise.all([
    list(decision ?? ''),
    decision === 'approve' ? none : list(decision ?? 'review,decline'),
  ]);
  return { transactions: latest.transactions, alerts: alerts.transactions };
}

async function getSnapshot(signal: AbortSignal, limit: number): Promise<Snapshot> {
  const [stats, found] = await Promise.all([
    getJson<Stats>('/v1/stats', signal),
    getLatest(signal, limit),
  ]);
  return { stats, ...found };
}

export interface StreamHandlers {
  onSnapshot(snapshot: Snapshot): void;
  onDecisions(batch: DecisionBatch): void;
  onStats(stats: Stats): void;
  onLabels(batch: LabelBatch): void;
  onCases(batch: CaseBatch): void;
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
 * after some failures; closing it and opening a new one covers them all. Where a sign-in is wanted,
 * it stays still: who signs in starts it anew.
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
    retryTimer = window.setTimeout(() => void connect(), retryMs);
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

  /** A stream says not why it is refused: whether for want of a sign-in is asked beforehand. */
  async function connect(): Promise<void> {
    abort = new AbortController();
    const { signal } = abort;
    held = [];
    heard(); // a service that takes the request and says nothing is lost too
    try {
      await askSession(signal);
    } catch {
      if (!signal.aborted) lost();
      return;
    }
    if (signal.aborted || sessionHolder.closed) return;
    source = new EventSource('/v1/stream');
    source.onopen = () => void opened(signal);
    source.onerror = lost;
    on<DecisionBatch>('decisions', handlers.onDecisions);
    on<Stats>('stats', handlers.onStats);
    on<LabelBatch>('labels', handlers.onLabels);
    on<CaseBatch>('alerts', handlers.onCases);
    heard();
  }

  void connect();
  return disconnect;
}
