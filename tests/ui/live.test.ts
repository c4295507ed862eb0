// What the live page and that of a transaction work out by themselves: filters, what is drawn of what
// comes, when to ask again, places on the map, what is usual of a card, who may do what.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import type { CardTransaction } from '../../ui/src/api/card';
import { ServiceError } from '../../ui/src/api/client';
import { mayDo, OPEN, sessionHolder, type Role, type Session } from '../../ui/src/api/session';
import type { Decision, Transaction } from '../../ui/src/api/types';
import { atlas, stateAt } from '../../ui/src/charts/atlas';
import { HEIGHT, project, WIDTH } from '../../ui/src/charts/projection';
import { frameAround, WHOLE } from '../../ui/src/charts/us_map';
import { refusalOf } from '../../ui/src/components/sign_in';
import { groupDigits } from '../../ui/src/format';
import { featureName } from '../../ui/src/i18n/features';
import { stateName } from '../../ui/src/i18n/states';
import { isDue, REST_MS, REST_SHARE } from '../../ui/src/state/due';
import { everything, isEverything, matches, readAmount } from '../../ui/src/state/filter';
import { initialState, reduce, type LiveState } from '../../ui/src/state/live';
import { lightUp } from '../../ui/src/state/neighbourhood';
import { byState, cells } from '../../ui/src/state/places';
import { ROWS_AT_ONCE, ROWS_PER_SECOND, shareDrawn, spend } from '../../ui/src/state/sample';
import { kilometres, outside, usualOf } from '../../ui/src/state/usual';

function transaction(number: number, more: Partial<Transaction> = {}): Transaction {
  return {
    trans_num: `t${number}`,
    time: '2020-06-21T12:14:25Z',
    card: '************1234',
    merchant: 'fraud_Kirlin and Sons',
    category: 'travel',
    amount: 2.86,
    score: 0.01,
    decision: 'approve',
    is_fraud: null,
    reasons: [],
    ...more,
  };
}

function many(count: number, from = 0): Transaction[] {
  return Array.from({ length: count }, (_, i) => transaction(from + i));
}

test('a filter goes by decision, amounts and parts of names in any language', () => {
  const row = transaction(1, { amount: 50, decision: 'review' });
  const passes = (filter: object): boolean => matches({ ...everything, ...filter }, row);
  assert.ok(passes({}));
  assert.ok(passes({ decision: 'review' }) && !passes({ decision: 'decline' }));
  assert.ok(passes({ least: 50, most: 50 }) && !passes({ least: 50.01 }) && !passes({ most: 49.99 }));
  for (const text of ['kirlin', 'AND S', ' travel ', '여행']) assert.ok(passes({ text }), text);
  assert.ok(!passes({ text: 'fraud_' }), 'the prefix that every merchant has');
  assert.ok(isEverything({ ...everything, text: ' ' }) && !isEverything({ ...everything, least: 0 }));
});

test('an amount is read as people type it, and nothing else is one', () => {
  assert.deepEqual(['12', ' 1,234.5 ', '0'].map(readAmount), [12, 1234.5, 0]);
  for (const text of ['', ' ', '.', '-1', 'x', '20x', '1e999', '20,5', '1,2345', ',5'])
    assert.equal(readAmount(text), null, text);
});

test('a new filter sifts what is known, and takes what the service finds for it alone', () => {
  const send = (state: LiveState, at: number, items: Transaction[]): LiveState =>
    reduce(state, { kind: 'decisions', at, batch: { items, left_out: 0 } });
  const filter = { ...everything, text: 'bakery' };
  let state = send(initialState, 10_000, [transaction(1), transaction(2, { merchant: 'Bakery' })]);
  state = reduce(state, { kind: 'filter', filter });
  state = send(state, 10_100, [transaction(3), transaction(4, { merchant: 'bakery' })]);
  assert.deepEqual(state.rows.map((row) => row.trans_num), ['t4', 't2']);
  const found = { transactions: [transaction(5), transaction(6, { merchant: 'Bakery' })], alerts: [] };
  const late = reduce(state, { kind: 'found', filter: { ...filter }, found });
  assert.equal(late, state, 'an answer to a filter that is gone');
  state = reduce(state, { kind: 'found', filter, found });
  assert.deepEqual(state.rows.map((row) => row.trans_num), ['t6', 't4', 't2']);
});

test('no more is drawn than the budget allows, alerts before others, in their order', () => {
  const start = { at: 0, left: 0 };
  const quiet = spend(start, 60_000, many(ROWS_AT_ONCE + 50));
  assert.equal(quiet.drawn.length, ROWS_AT_ONCE);
  let budget = quiet.budget;
  let drawn = 0;
  for (let at = 60_000; at < 70_000; at += 100) {
    const next = spend(budget, at + 100, many(50));
    budget = next.budget;
    drawn += next.drawn.length;
  }
  assert.ok(Math.abs(drawn - 10 * ROWS_PER_SECOND) <= 1, `${drawn} in ten seconds`);
  const rows = [...many(30), transaction(31, { decision: 'decline' })];
  const few = spend({ at: 0, left: 3 }, 0, rows);
  assert.deepEqual(few.drawn.map((row) => row.trans_num), ['t0', 't1', 't31']);
  assert.equal(spend({ at: 5000, left: 0 }, 0, many(1)).drawn.length, 0, 'a clock that was set back');
});

test('the share drawn counts what the stream left out and what the budget did', () => {
  assert.equal(shareDrawn([]), 1);
  const sample = { at: 0, came: 200, received: 50, matching: 50, drawn: 5 };
  assert.equal(shareDrawn([sample, sample]), 0.025);
  assert.equal(shareDrawn([{ ...sample, matching: 0, drawn: 0 }]), 0.25);
  let state: LiveState = initialState;
  for (let i = 0; i < 3000; i++) {
    const batch = { items: many(50, i * 50), left_out: 150 };
    state = reduce(state, { kind: 'decisions', at: 1_000_000 + i * 100, batch });
  }
  assert.ok(state.samples.length <= 200);
  assert.ok(Math.abs(shareDrawn(state.samples) - ROWS_PER_SECOND / 2000) < 0.003);
});

test('who leaves takes along what was seen; a session that ends leaves it', () => {
  const state = reduce(initialState, { kind: 'decisions', at: 1e6, batch: { items: many(3), left_out: 0 } });
  assert.equal(reduce(state, { kind: 'left' }), initialState);
  const closed = reduce({ ...state, connection: 'live' }, { kind: 'closed' });
  assert.equal(closed.connection, 'connecting');
  assert.equal(closed.rows, state.rows);
});

test('it is asked again only when something has changed, and not too often', () => {
  const asked = { of: 'a', began: 0, ended: 10 };
  assert.ok(isDue(null, 'a', 0));
  assert.ok(!isDue(asked, 'a', 1e9), 'nothing has changed');
  assert.ok(!isDue(asked, 'b', 10 + REST_MS - 1) && isDue(asked, 'b', 10 + REST_MS));
  const slow = { of: 'a', began: 0, ended: 1000 };
  assert.ok(!isDue(slow, 'b', 1000 + REST_SHARE * 1000 - 1) && isDue(slow, 'b', 1000 + REST_SHARE * 1000));
});

test('places lie in the states they belong to, Alaska and Hawaii too', () => {
  const names = ([lat, long]: [number, number]): string | undefined => stateAt(project(lat, long))?.name;
  assert.equal(names([40.75, -73.98]), 'New York');
  assert.equal(names([34.05, -118.24]), 'California');
  assert.equal(names([30.27, -97.74]), 'Texas');
  assert.equal(names([61.2, -149.9]), 'Alaska');
  assert.equal(names([21.31, -157.8]), 'Hawaii');
  assert.equal(names([37.57, 126.98]), undefined);
  assert.equal(atlas().states.length, 51);
  for (const state of atlas().states) assert.match(stateName(state, 'ko'), /[가-힣]/, state.name);
  const inside = ([x, y]: readonly [number, number]): boolean => x > 0 && x < WIDTH && y > 0 && y < HEIGHT;
  assert.ok(inside(project(40.75, -73.98)) && inside(project(61.2, -149.9)));
});

test('cells are coloured by the logarithm, and come to counts by state', () => {
  const place = (lat: number, long: number, frauds: number) => ({
    lat,
    long,
    frauds,
    alerts: 0,
    transactions: 100,
  });
  const places = [place(40.5, -74.5, 7), place(31.5, -97.5, 3), place(32.5, -97.5, 5), place(40.5, -100.5, 0)];
  const shown = cells(places, 'frauds');
  assert.deepEqual(shown.map((cell) => cell.count), [3, 5, 7]);
  assert.equal(shown[2]!.strength, 1);
  assert.equal(shown[0]!.strength, Math.log(4) / Math.log(8));
  const counts = byState(places, 'frauds').map(({ state, count }) => [state?.name, count]);
  assert.deepEqual(counts, [['Texas', 8], ['New Jersey', 7]]);
  assert.deepEqual(cells(places, 'alerts'), []);
});

test('the map is framed around what it shows, and never closer than makes sense', () => {
  assert.equal(frameAround([]), WHOLE);
  const one = frameAround([[500, 300]]);
  assert.ok(one.width >= 100 && one.x < 500 && one.x + one.width > 500);
  const far = frameAround([[0, 0], [900, 50]]);
  assert.ok(far.x < 0 && far.x + far.width > 900 && far.y < 0 && far.y + far.height > 50);
  assert.ok(Math.abs(far.width / far.height - WIDTH / HEIGHT) < 1e-9);
});

function paid(number: number, time: string, amount: number, more: Partial<CardTransaction> = {}): CardTransaction {
  return {
    trans_num: `t${number}`,
    time,
    merchant: 'a',
    category: 'travel',
    amount,
    score: 0,
    decision: 'approve' as Decision,
    is_fraud: null,
    lat: 40,
    long: -75,
    merch_lat: 40.5,
    merch_long: -75,
    ...more,
  };
}

test('what is usual comes from what the card did before, and from nothing after', () => {
  const history = [
    paid(9, '2020-01-05T12:00:00Z', 99999),
    paid(5, '2020-01-04T23:00:00Z', 500, { category: 'home', merchant: 'b', merch_lat: 44 }),
    paid(4, '2020-01-04T12:00:00Z', 40),
    paid(3, '2020-01-03T12:00:00Z', 30, { category: 'home' }),
    paid(2, '2020-01-02T12:00:00Z', 20),
    paid(1, '2020-01-01T12:00:00Z', 10),
  ];
  const usual = usualOf(history, 't5')!;
  assert.equal(usual.of, 4);
  assert.deepEqual([usual.amount.value, usual.amount.median, usual.amount.low], [500, 25, 13]);
  assert.equal(outside(usual.amount), 1);
  assert.equal(usual.gap!.value, 11 * 3600);
  assert.equal(usual.gap!.median, 24 * 3600);
  assert.equal(outside(usual.gap!), -1);
  assert.equal(outside(usual.distance!), 1);
  assert.ok(Math.abs(usual.speed! - kilometres(40.5, -75, 44, -75) / 11) < 1e-9);
  assert.deepEqual([usual.category, usual.merchant, usual.hour], [1, 0, 0]);
  assert.equal(usualOf(history, 't3'), null, 'two before it are too few');
  assert.equal(usualOf(history, 'none'), null);
});

test('a way along the globe is as long as it is', () => {
  assert.equal(kilometres(40, -75, 40, -75), 0);
  assert.ok(Math.abs(kilometres(0, 0, 0, 90) - (6371 * Math.PI) / 2) < 1e-6);
  assert.ok(Math.abs(kilometres(40.7128, -74.006, 34.0522, -118.2437) - 3936) < 5, 'New York to Los Angeles');
});

test('a role may do what those below it may', () => {
  const session = (role: Role | null): Session => ({ required: true, name: 'kim', role, csrf: 'x' });
  const may = (role: Role | null): string =>
    (['viewer', 'analyst', 'admin'] as const).map((needed) => Number(mayDo(session(role), needed))).join('');
  assert.deepEqual([null, 'viewer', 'analyst', 'admin'].map((role) => may(role as Role)), ['000', '100', '110', '111']);
  assert.ok(mayDo(OPEN, 'admin'));
  assert.ok(!mayDo(null, 'viewer'), 'before it is known');
});

test('a session that ended closes the page, and is told once', () => {
  let told = 0;
  const stop = sessionHolder.watch(() => told++);
  sessionHolder.set({ required: true, name: 'kim', role: 'admin', csrf: 'x' });
  sessionHolder.set({ required: true, name: 'kim', role: 'admin', csrf: 'x' });
  assert.deepEqual([told, sessionHolder.closed], [1, false]);
  sessionHolder.ended();
  sessionHolder.ended();
  assert.deepEqual([told, sessionHolder.closed], [2, true]);
  stop();
});

test('a refused sign-in says why, and until when to wait', () => {
  assert.equal(refusalOf(new ServiceError(401, ''), 0).why, 'wrong');
  assert.deepEqual(refusalOf(new ServiceError(429, '', 8), 1000), { why: 'wait', until: 9000 });
  assert.equal(refusalOf(new ServiceError(429, ''), 0).why, 'wait');
  assert.equal(refusalOf(new ServiceError(500, ''), 0).why, 'failed');
  assert.equal(refusalOf(new TypeError('network'), 0).why, 'failed');
});

test('a card’s number stands in groups, as on the card', () => {
  assert.equal(groupDigits('4613314721966123'), '4613 3147 2196 6123');
  assert.equal(groupDigits('4613314721966'), '4613 3147 2196 6');
});

test('what a path runs along is lit', () => {
  const pair = { card: 'c1', merchant: 'm1', count: 1, suspicion: 0 };
  const lit = lightUp([{ vertices: ['m1', 'c1'], pairs: [pair] }]);
  assert.ok(lit.vertices.has('c1') && lit.pairs.has('c1 m1') && !lit.pairs.has('c2 m1'));
});

test('every feature of the catalogue has a Korean name of its own', () => {
  const rows = [...readFileSync('docs/features.md', 'utf8').matchAll(/^\| `(\w+)` \|/gm)];
  const features = rows.map(([, name]) => name!);
  assert.ok(features.length > 50);
  for (const feature of features) assert.match(featureName(feature, 'ko'), /^[^a-z_]*[가-힣][^a-z_]*$/, feature);
  assert.equal(new Set(features.map((feature) => featureName(feature, 'ko'))).size, features.length);
  assert.equal(featureName('card_count_1h', 'ko'), '카드 거래 수, 1시간');
  assert.equal(featureName('card_count_1h', 'en'), 'card count 1h');
  assert.equal(featureName('card_count_9w', 'ko'), 'card count 9w');
  assert.equal(featureName('constructor', 'ko'), 'constructor');
});
