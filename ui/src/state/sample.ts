// How many of the transactions that come are drawn: as many as eyes and browser can follow, so that
// thousands a second cost the page what a hundred do. What share that is can be said.

import type { Transaction } from '../api/types';

/** New rows a second that are drawn for as long as it lasts, */
export const ROWS_PER_SECOND = 100;
/** and how many at once after a quiet while. */
export const ROWS_AT_ONCE = 120;

export interface Budget {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Rows that could be drawn then. */
  readonly left: number;
}

export const fullBudget: Budget = { at: 0, left: ROWS_AT_ONCE };

/** Draws of `rows`, latest first, what the budget allows, alerts before others; their order stays. */
export function spend(
  budget: Budget,
  at: number,
  rows: readonly Transaction[],
): { readonly drawn: readonly Transaction[]; readonly budget: Budget } {
  const earned = (Math.max(0, at - budget.at) * ROWS_PER_SECOND) / 1000;
  const left = Math.min(ROWS_AT_ONCE, budget.left + earned);
  const most = Math.floor(left);
  if (rows.length <= most) return { drawn: rows, budget: { at, left: left - rows.length } };
  const alerts = rows.filter((row) => row.decision !== 'approve').slice(0, most);
  const others = rows.filter((row) => row.decision === 'approve').slice(0, most - alerts.length);
  const chosen = new Set([...alerts, ...others]);
  return { drawn: rows.filter((row) => chosen.has(row)), budget: { at, left: left - most } };
}

/** One batch of the stream. */
export interface Sample {
  readonly at: number;
  /** Decided in its time. */
  readonly came: number;
  /** Of these, sent to the page; */
  readonly received: number;
  /** of these, what the filter lets through; */
  readonly matching: number;
  /** of these, drawn. */
  readonly drawn: number;
}

/** Over how long the share is taken. */
const SPAN_MS = 10_000;
const SAMPLES_MAX = 200;

export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  return [...samples.filter(({ at }) => sample.at - at < SPAN_MS), sample].slice(-SAMPLES_MAX);
}

/** The share of what came lately (and passes the filter) that was drawn, 0 to 1. */
export function shareDrawn(samples: readonly Sample[]): number {
  const sum = (pick: (sample: Sample) => number): number =>
    samples.reduce((total, sample) => total + pick(sample), 0);
  const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 1);
  return (
    share(sum((s) => s.received), sum((s) => s.came)) * share(sum((s) => s.drawn), sum((s) => s.matching))
  );
}
