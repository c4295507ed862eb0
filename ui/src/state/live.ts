// What the live page knows, and how each message of the service changes it. Pure: a message in, a
// new state out. Every list has a limit, so a page left open for a month holds what it held on the
// first day.

import type { Snapshot } from '../api/client';
import type { DecisionBatch, LabelBatch, Stats, Transaction } from '../api/types';
import { putFirst, putLast } from './bounded';

export const ROWS_MAX = 200;
export const ALERTS_MAX = 100;
/** One point a second. */
export const RATE_POINTS_MAX = 300;
export const SCORES_MAX = 2_000;

export type Connection = 'connecting' | 'live' | 'lost';

/** What happened per second between two statistics; null where it is not known. */
export interface RatePoint {
  /** Milliseconds since the epoch, on the browser's clock. */
  readonly at: number;
  readonly transactions: number | null;
  readonly reviews: number | null;
  readonly declines: number | null;
}

export interface LiveState {
  readonly connection: Connection;
  /** When the last message came; milliseconds since the epoch, null before the first. */
  readonly heardAt: number | null;
  readonly stats: Stats | null;
  /** The latest transactions received, latest first. */
  readonly rows: readonly Transaction[];
  /** Those of them that were not approved, latest first. */
  readonly alerts: readonly Transaction[];
  readonly rates: readonly RatePoint[];
  /** The statistics that the next point is the difference from. */
  readonly ratesFrom: { readonly at: number; readonly stats: Stats } | null;
  /** Scores of the transactions received, oldest first. */
  readonly scores: readonly number[];
}

export const initialState: LiveState = {
  connection: 'connecting',
  heardAt: null,
  stats: null,
  rows: [],
  alerts: [],
  rates: [],
  ratesFrom: null,
  scores: [],
};

export type Message =
  | { readonly kind: 'snapshot'; readonly at: number; readonly snapshot: Snapshot }
  | { readonly kind: 'decisions'; readonly at: number; readonly batch: DecisionBatch }
  | { readonly kind: 'stats'; readonly at: number; readonly stats: Stats }
  | { readonly kind: 'labels'; readonly at: number; readonly batch: LabelBatch }
  | { readonly kind: 'lost' };

export function reduce(state: LiveState, message: Message): LiveState {
  switch (message.kind) {
    case 'snapshot':
      return withSnapshot(state, message.at, message.snapshot);
    case 'decisions':
      return withDecisions({ ...state, heardAt: message.at }, message.batch);
    case 'stats':
      return withStats(state, message.at, message.stats);
    case 'labels':
      return withLabels({ ...state, heardAt: message.at }, message.batch);
    case 'lost':
      return { ...state, connection: 'lost' };
  }
}

/**
 * The state as of (re)connecting. The rows of an earlier connection are older than the snapshot's;
 * where both hold one, the snapshot's is taken, because its label is at least as recent.
 */
function withSnapshot(state: LiveState, at: number, snapshot: Snapshot): LiveState {
  const fresh = without(snapshot.transactions, state.rows);
  const scores = fresh.map((row) => row.score).reverse();
  return {
    ...withStats(state, at, snapshot.stats),
    connection: 'live',
    rows: putFirst(without(state.rows, snapshot.transactions), snapshot.transactions, ROWS_MAX),
    alerts: putFirst(without(state.alerts, snapshot.alerts), snapshot.alerts, ALERTS_MAX),
    scores: putLast(state.scores, scores, SCORES_MAX),
  };
}

/** Decisions that the snapshot already showed come again on the stream: they count once. */
function withDecisions(state: LiveState, batch: DecisionBatch): LiveState {
  const fresh = without(batch.items, state.rows);
  const latestFirst = [...fresh].reverse();
  const alerts = latestFirst.filter((row) => row.decision !== 'approve');
  const scores = fresh.map((row) => row.score);
  return {
    ...state,
    rows: putFirst(state.rows, latestFirst, ROWS_MAX),
    alerts: putFirst(state.alerts, without(alerts, state.alerts), ALERTS_MAX),
    scores: putLast(state.scores, scores, SCORES_MAX),
  };
}

function without(rows: readonly Transaction[], known: readonly Transaction[]): readonly Transaction[] {
  const numbers = new Set(known.map((row) => row.trans_num));
  return rows.filter((row) => !numbers.has(row.trans_num));
}

function withStats(state: LiveState, at: number, stats: Stats): LiveState {
  const from = state.ratesFrom;
  const soon = from !== null && at - from.at < SPAN_MIN_MS;
  return {
    ...state,
    heardAt: at,
    stats,
    rates: soon ? state.rates : putLast(state.rates, [ratePoint(from, at, stats)], RATE_POINTS_MAX),
    ratesFrom: soon ? from : { at, stats },
  };
}

/** Statistics closer than this give no point: the quotient would be noise. */
const SPAN_MIN_MS = 500;
/** And over a hole longer than this an average would paint over what is not known. */
const SPAN_MAX_MS = 5_000;

/** The rates between two statistics, from the difference of the service's exact counts. */
function ratePoint(from: LiveState['ratesFrom'], at: number, stats: Stats): RatePoint {
  const unknown = { at, transactions: null, reviews: null, declines: null };
  if (from === null) return unknown;
  const span = at - from.at;
  const counted = stats.transactions - from.stats.transactions;
  if (span > SPAN_MAX_MS || counted < 0) return unknown;
  const perSecond = (count: number): number => (Math.max(0, count) * 1000) / span;
  const before = from.stats.verdicts;
  return {
    at,
    transactions: perSecond(counted),
    reviews: perSecond(stats.verdicts.review - before.review),
    declines: perSecond(stats.verdicts.decline - before.decline),
  };
}

function withLabels(state: LiveState, batch: LabelBatch): LiveState {
  const labels = new Map(batch.items.map((label) => [label.trans_num, label.is_fraud]));
  const apply = (row: Transaction): Transaction => {
    const isFraud = labels.get(row.trans_num);
    return isFraud === undefined || isFraud === row.is_fraud ? row : { ...row, is_fraud: isFraud };
  };
  return { ...state, rows: state.rows.map(apply), alerts: state.alerts.map(apply) };
}
