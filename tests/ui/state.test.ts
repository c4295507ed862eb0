// The page's state: limits, merging, labels, rates. Everything here is pure.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Decision, Stats, Transaction } from '../../ui/src/api/types';
import { putFirst, putLast } from '../../ui/src/state/bounded';
import { timeAxis } from '../../ui/src/state/time_axis';
import { layOut } from '../../ui/src/state/layout';
import { BINS, histogram } from '../../ui/src/state/histogram';
import {
  ALERTS_MAX,
  initialState,
  RATE_POINTS_MAX,
  reduce,
  ROWS_MAX,
  SCORES_MAX,
  type LiveState,
} from '../../ui/src/state/live';

function transaction(number: number, decision: Decision = 'approve'): Transaction {
  return {
    trans_num: `t${number}`,
    time: '2020-06-21T12:14:25Z',
    card: '************1234',
    merchant: 'fraud_Kirlin and Sons',
    category: 'travel',
    amount: 2.86,
    score: decision === 'approve' ? 0.01 : 0.9,
    decision,
    is_fraud: null,
    reasons: [],
  };
}

function statistics(transactions: number, review = 0, decline = 0): Stats {
  return {
    version: '0.1.0',
    uptime_seconds: 1,
    transactions,
    labels: 0,
    frauds_labelled: 0,
    verdicts: { approve: transactions - review - decline, review, decline },
    rate_per_second: 5,
    latency_us: { p50: 10, p99: 20, max: 30 },
    cards: 1,
    merchants: 1,
    model: null,
  };
}

/** Long enough after what came before that all of it is drawn. */
function decide(state: LiveState, items: Transaction[]): LiveState {
  const at = (state.heardAt ?? 0) + 60_000;
  return reduce(state, { kind: 'decisions', at, batch: { items, left_out: 0 } });
}

function numbers(rows: readonly Transaction[]): string {
  return rows.map((row) => row.trans_num).join(' ');
}

test('a bounded list drops what is over its limit, at the right end', () => {
  assert.deepEqual(putFirst([2, 1], [4, 3], 3), [4, 3, 2]);
  assert.deepEqual(putLast([1, 2], [3, 4], 3), [2, 3, 4]);
  const list = [1];
  assert.equal(putFirst(list, [], 3), list);
  assert.equal(putLast(list, [], 3), list);
});

test('a batch goes on top, latest first, and its alerts beside', () => {
  const state = decide(initialState, [transaction(1), transaction(2, 'decline'), transaction(3)]);
  assert.equal(numbers(state.rows), 't3 t2 t1');
  assert.equal(numbers(state.alerts), 't2');
  assert.deepEqual(state.scores, [0.01, 0.9, 0.01]);
});

test('a transaction that comes twice is shown once', () => {
  const once = decide(initialState, [transaction(1, 'review'), transaction(2)]);
  const twice = decide(once, [transaction(1, 'review'), transaction(3)]);
  assert.equal(numbers(twice.rows), 't3 t2 t1');
  assert.equal(numbers(twice.alerts), 't1');
  assert.equal(twice.scores.length, 3);
});

test('nothing grows past its limit', () => {
  let state = initialState;
  for (let second = 0; second < 400; second++) {
    const items = Array.from({ length: 50 }, (_, i) => transaction(second * 50 + i, 'review'));
    state = decide(state, items);
    const stats = statistics(second * 50);
    state = reduce(state, { kind: 'stats', at: (state.heardAt ?? 0) + 1000, stats });
  }
  assert.equal(state.rows.length, ROWS_MAX);
  assert.equal(state.alerts.length, ALERTS_MAX);
  assert.equal(state.scores.length, SCORES_MAX);
  assert.equal(state.rates.length, RATE_POINTS_MAX);
  assert.equal(state.rows[0]?.trans_num, 't19999');
});

test('a snapshot after a lost connection goes above the old rows and replaces the shared ones', () => {
  const before = reduce(decide(initialState, [transaction(1), transaction(2)]), { kind: 'lost' });
  assert.equal(before.connection, 'lost');
  const labelled = { ...transaction(2), is_fraud: true };
  const transactions = [transaction(4), transaction(3), labelled];
  const snapshot = { stats: statistics(4), transactions, alerts: [] };
  const after = reduce(before, { kind: 'snapshot', at: 9000, snapshot });
  assert.equal(after.connection, 'live');
  assert.equal(numbers(after.rows), 't4 t3 t2 t1');
  assert.equal(after.rows[2]?.is_fraud, true);
  assert.equal(after.scores.length, 4);
});

test('a label changes its transaction and leaves the others the same objects', () => {
  const state = decide(initialState, [transaction(1, 'decline'), transaction(2)]);
  const batch = { items: [{ trans_num: 't1', is_fraud: true }, { trans_num: 'gone', is_fraud: false }] };
  const after = reduce(state, { kind: 'labels', at: 2, batch });
  assert.equal(after.rows[1]?.is_fraud, true);
  assert.equal(after.alerts[0]?.is_fraud, true);
  assert.equal(after.rows[0], state.rows[0]);
});

test('rates are differences of exact counts, and a hole stays a hole', () => {
  const send = (state: LiveState, at: number, stats: Stats): LiveState =>
    reduce(state, { kind: 'stats', at, stats });
  let state = send(initialState, 1000, statistics(100));
  assert.equal(state.rates[0]?.transactions, null);
  state = send(state, 1200, statistics(150)); // too soon for a point, and not lost
  assert.equal(state.rates.length, 1);
  state = send(state, 3000, statistics(300, 20, 4));
  assert.deepEqual(state.rates[1], { at: 3000, transactions: 100, reviews: 10, declines: 2 });
  state = send(state, 60_000, statistics(90_000)); // an hour asleep is not a rate
  assert.equal(state.rates[2]?.transactions, null);
  state = send(state, 61_000, statistics(5)); // another service at the same address
  assert.equal(state.rates[3]?.transactions, null);
  state = send(state, 62_000, statistics(12));
  assert.equal(state.rates[4]?.transactions, 7);
});

test('a histogram counts every score, the ends included', () => {
  const bins = histogram([0, 0.0249, 0.025, 0.5, 0.999, 1]);
  assert.equal(bins.length, BINS);
  assert.deepEqual([bins[0], bins[1], bins[20], bins[39]], [2, 1, 1, 2]);
  assert.equal(bins.reduce((a, b) => a + b), 6);
});

test('a graph’s places are always the same, and neighbours lie nearer than others', () => {
  const pairs: [number, number][] = [];
  for (let hub = 0; hub < 4; hub++) for (let leaf = 0; leaf < 10; leaf++) pairs.push([hub, 4 + hub * 10 + leaf]);
  for (let hub = 1; hub < 4; hub++) pairs.push([0, hub]);
  const places = layOut(44, pairs);
  assert.deepEqual(layOut(44, pairs), places);
  assert.ok(places.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)));
  const far = (i: number, j: number): number => Math.hypot(places[i]!.x - places[j]!.x, places[i]!.y - places[j]!.y);
  const near = pairs.reduce((sum, [i, j]) => sum + far(i, j), 0) / pairs.length;
  let all = 0;
  for (let i = 0; i < 44; i++) for (let j = 0; j < i; j++) all += far(i, j);
  assert.ok(near < all / ((44 * 43) / 2) / 1.5, `${near}`);
  for (let i = 0; i < 44; i++) for (let j = 0; j < i; j++) assert.ok(far(i, j) > 0.05, `${i} on ${j}`);
  assert.deepEqual(layOut(0, []), []);
});

test('a time line of days has no day twice, and a short one says the time of day', () => {
  const hour = 3_600_000;
  assert.deepEqual(timeAxis([0, 71 * hour]), { withTime: true, leastMs: 0 });
  assert.deepEqual(timeAxis([96 * hour, 0]), { withTime: false, leastMs: 24 * hour });
  assert.equal(timeAxis([]).withTime, true);
});
