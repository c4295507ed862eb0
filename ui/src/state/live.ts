// What the live page knows, and how each message of the service changes it. Pure: a message in, a
// new state out. Every list has a limit, so a page left open for a month holds what it held on the
// first day.

import type { Found, Snapshot } from '../api/client';
import type { DecisionBatch, LabelBatch, Stats, Transaction } from '../api/types';
import { putFirst, putLast } from './bounded';
import { everything, matches, type Filter } from './filter';
import { fullBudget, spend, withSample, type Budget, type Sample } from './sample';

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
  /** What the lists hold. */
  readonly filter: Filter;
  /** The latest transactions received that the filter lets through, latest first. */
  readonly rows: readonly Transaction[];
  /** Those of them that were not approved, latest first. */
  readonly alerts: readonly Transaction[];
  /** How many more rows may be drawn now. */
  readonly budget: Budget;
  /** What came lately and how much of it was drawn. */
  readonly samples: readonly Sample[];
  readonly rates: readonly RatePoint[];
  /** The statistics that the next point is the difference from. */
  readonly ratesFrom: { readonly at: number; readonly stats: Stats } | null;
  /** Scores of the transactions received, oldest first. */
  readonly scores: readonly number[];
  /** How often alerts have changed hands or status: what shows them asks again. */
  readonly caseChanges: number;
}

export const initialState: LiveState = {
  connection: 'connecting',
  heardAt: null,
  stats: null,
  filter: everything,
  rows: [],
  alerts: [],
  budget: fullBudget,
  samples: [],
  rates: [],
  ratesFrom: null,
  scores: [],
  caseChanges: 0,
};

export type Message =
  | { readonly kind: 'snapshot'; readonly at: number; readonly snapshot: Snapshot }
  | { readonly kind: 'decisions'; readonly at: number; readonly batch: DecisionBatch }
  | { readonly kind: 'stats'; readonly at: number; readonly stats: Stats }
  | { readonly kind: 'labels'; readonly at: number; readonly batch: LabelBatch }
  | { readonly kind: 'cases'; readonly at: number }
  /** Another filter: what is known is sifted; what more there is comes as `found`. */
  | { readonly kind: 'filter'; readonly filter: Filter }
  | { readonly kind: 'found'; readonly filter: Filter; readonly found: Found }
  | { readonly kind: 'lost' }
  /** A sign-in is wanted: nothing comes until then. */
  | { readonly kind: 'closed' }
  /** Who was signed in has left: so does what was seen. */
  | { readonly kind: 'left' };

export function reduce(state: LiveState, message: Message): LiveState {
  switch (message.kind) {
    case 'snapshot':
      return withSnapshot(state, message.at, message.snapshot);
    case 'decisions':
      return withDecisions({ ...state, heardAt: message.at }, message.at, message.batch);
    case 'stats':
      return withStats(state, message.at, message.stats);
    case 'labels':
      return withLabels({ ...state, heardAt: message.at }, message.batch);
    case 'cases':
      return { ...state, heardAt: message.at, caseChanges: state.caseChanges + 1 };
    case 'filter':
      return withFilter(state, message.filter);
    case 'found':
      return message.filter === state.filter ? withFound(state, message.found) : state;
    case 'lost':
      return { ...state, connection: 'lost' };
    case 'closed':
      return { ...state, connection: 'connecting' };
    case 'left':
      return initialState;
  }
}

function withFilter(state: LiveState, filter: Filter): LiveState {
  const sift = (rows: readonly Transaction[]): readonly Transaction[] =>
    rows.filter((row) => matches(filter, row));
  return { ...state, filter, rows: sift(state.rows), alerts: sift(state.alerts), samples: [] };
}

/**
 * The latest that the service holds, above the rows known before, which are older; where both hold
 * one, the service's is taken, because its label is at least as recent.
 */
function withFound(state: LiveState, found: Found): LiveState {
  const sift = (rows: readonly Transaction[], most: number): readonly Transaction[] =>
    rows.filter((row) => matches(state.filter, row)).slice(0, most);
  const rows = sift(found.transactions, ROWS_MAX);
  const alerts = sift(found.alerts, ALERTS_MAX);
  return {
    ...state,
    rows: putFirst(without(state.rows, rows), rows, ROWS_MAX),
    alerts: putFirst(without(state.alerts, alerts), alerts, ALERTS_MAX),
  };
}

/** The state as of (re)connecting. */
function withSnapshot(state: LiveState, at: number, snapshot: Snapshot): LiveState {
  const fresh = without(snapshot.transactions, state.rows);
  const scores = fresh.map((row) => row.score).reverse();
  return {
    ...withFound(withStats(state, at, snapshot.stats), snapshot),
    connection: 'live',
    scores: putLast(state.scores, scores, SCORES_MAX),
  };
}

/**
 * Decisions that the snapshot already showed come again on the stream: they count once. Of more than
 * can be drawn, alerts are, and the latest of the others.
 */
function withDecisions(state: LiveState, at: number, batch: DecisionBatch): LiveState {
  const fresh = without(batch.items, state.rows);
  const latestFirst = fresh.filter((row) => matches(state.filter, row)).reverse();
  const alerts = latestFirst.filter((row) => row.decision !== 'approve');
  const { drawn, budget } = spend(state.budget, at, latestFirst);
  const sample = {
    at,
    came: batch.items.length + batch.left_out,
    received: batch.items.length,
    matching: latestFirst.length,
    drawn: drawn.length,
  };
  return {
    ...state,
    rows: putFirst(state.rows, drawn, ROWS_MAX),
    alerts: putFirst(state.alerts, without(alerts, state.alerts), ALERTS_MAX),
    scores: putLast(state.scores, fresh.map((row) => row.score), SCORES_MAX),
    budget,
    samples: withSample(state.samples, sample),
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
