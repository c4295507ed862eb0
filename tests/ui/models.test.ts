// What the pages work out by themselves: routes, swarms, ranks, which is better, waterfalls, graphs.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { between } from '../../ui/src/charts/colour';
import { makeLocale } from '../../ui/src/context';
import {
  compareMetric,
  judgedAlike,
  metricName,
  reportName,
  showDifference,
  showMetric,
} from '../../ui/src/pages/models/metrics';
import { hashOf, parseRoute, viewOf, type Route } from '../../ui/src/route';
import { beeswarm, ranks } from '../../ui/src/state/beeswarm';
import { merge, nothing, VERTICES_MAX } from '../../ui/src/state/neighbourhood';
import { waterfall } from '../../ui/src/state/waterfall';

test('a route survives being an address, whatever its names hold', () => {
  const routes: Route[] = [
    { view: 'live' },
    { view: 'models' },
    { view: 'system' },
    { view: 'transaction', number: 'a/b c' },
    { view: 'model', name: 'xg/boost?#%', version: '20261124T193157Z-42a02860' },
    { view: 'comparison', models: ['a/1', '한글/2'] },
  ];
  for (const route of routes) assert.deepEqual(parseRoute(hashOf(route)), route);
  assert.equal(viewOf(routes[5]!), 'models');
});

test('an address that is not known opens the live page', () => {
  for (const hash of ['', '#', '#/', '#/nothing', '#/models/a/b/c', '#/compare/a', '#/%E0%A4%A'])
    assert.deepEqual(parseRoute(hash), { view: 'live' }, hash);
  assert.deepEqual(parseRoute('#/models/a'), { view: 'models' });
});

test('dots of one value lie beside each other, those alone in the middle', () => {
  const places = beeswarm([0, 5, 5, 5, 10], 0, 10);
  assert.equal(places[0], 0);
  assert.equal(places[4], 0);
  assert.equal(new Set(places.slice(1, 4)).size, 3);
  const many = beeswarm(new Array<number>(1000).fill(1), 1, 1);
  assert.ok(many.every((place) => Math.abs(place) <= 0.4));
  assert.equal(new Set(many).size, 1000);
  assert.deepEqual(beeswarm([], 0, 0), []);
});

test('ranks are shares of what is below, equal for equal values', () => {
  assert.deepEqual(ranks([30, 10, null, 20]), [1, 0, null, 0.5]);
  assert.deepEqual(ranks([4, 4, 4]), [0, 0, 0]);
  assert.deepEqual(ranks([null]), [null]);
  assert.deepEqual(ranks([]), []);
});

test('a colour between two is at each end that end', () => {
  assert.equal(between('#000000', '#ffffff', 0), 'rgb(0,0,0)');
  assert.equal(between('#000000', '#ffffff', 1), 'rgb(255,255,255)');
  assert.equal(between('#102030', '#304050', 0.5), 'rgb(32,48,64)');
});

test('of some metrics more is better, of some less, of some neither', () => {
  assert.equal(compareMetric('average_precision', 0.5, 0.6), 1);
  assert.equal(compareMetric('gcn.best_f1', 0.6, 0.5), -1);
  assert.equal(compareMetric('brier_score', 0.2, 0.1), 1);
  assert.equal(compareMetric('xgboost.log_loss', 0.1, 0.2), -1);
  assert.equal(compareMetric('rows', 1, 2), 0);
  assert.equal(compareMetric('balanced_f1_threshold', 0.1, 0.2), 0);
  assert.equal(compareMetric('recall', 1, 1), 0);
});

test('figures of versions that were judged on other transactions do not compare, and counts are whole', () => {
  const metrics = { rows: [644, 11786], frauds: [5, 5], recall: [1, 0.5] };
  assert.equal(judgedAlike(metrics), false);
  assert.equal(judgedAlike({ ...metrics, rows: [644, 644] }), true);
  assert.equal(judgedAlike({}), true);
  const en = makeLocale('en');
  assert.equal(showDifference('rows', 11142, en), '+11,142');
  assert.equal(showDifference('frauds', -3, en), '-3');
  assert.equal(showDifference('recall', 0.01234567, en), '+0.0123');
});

test('metrics, layers and curves have names in both languages', () => {
  const [en, ko] = [makeLocale('en'), makeLocale('ko')];
  assert.equal(metricName('gcn.best_f1', en), 'gcn: Best F1');
  assert.equal(metricName('recall', ko), '재현율');
  assert.equal(metricName('some_new_one', ko), 'some new one');
  assert.equal(metricName('constructor', en), 'constructor');
  assert.equal(reportName('graph convolution 2', ko), '그래프 합성곱 2');
  assert.equal(reportName('gcn: loss, training', ko), 'gcn: 손실(학습)');
  assert.equal(reportName('xgboost: toString', en), 'xgboost: toString');
  assert.equal(showMetric('rows', 126247, en), '126,247');
  assert.equal(showMetric('gcn.roc_auc', 0.999927, en), '0.99993');
  assert.equal(showMetric('brier_score', 0.000149463, en), '0.000149');
});

test('a waterfall ends at the score, each bar beginning where the one before ended', () => {
  const score = 0.9;
  const { falls, zero } = waterfall(score, [3, -1, 0.5]);
  const total = falls.reduce((sum, fall) => sum + fall.contribution, 0);
  assert.ok(Math.abs(total - Math.log(score / (1 - score))) < 1e-9);
  assert.ok(falls.every(({ left, width }) => left >= 0 && width >= 0 && left + width <= 1 + 1e-9));
  // The first falls from zero; the second rises from its end, the third falls from there.
  assert.ok(Math.abs(falls[0]!.left + falls[0]!.width - zero) < 1e-9);
  assert.ok(Math.abs(falls[1]!.left - falls[0]!.left) < 1e-9);
  const ends = falls.map(({ left, width }) => left + width);
  assert.ok(Math.abs(ends[1]! - ends[2]!) < 1e-9);
  for (const certain of [0, 1]) assert.ok(Number.isFinite(waterfall(certain, [1]).zero));
});

test('a graph grows by answers, each vertex once, up to its limit', () => {
  const card = (id: string) => ({ id, kind: 'card' as const, name: id, share: 0 });
  const shop = (id: string) => ({ id, kind: 'merchant' as const, name: id, share: 0 });
  const pair = { card: 'c1', merchant: 'm1', count: 1, suspicion: 0 };
  const first = merge(nothing, { vertices: [card('c1'), shop('m1')], pairs: [pair] });
  const again = merge(first, {
    vertices: [card('c1'), card('c2')],
    pairs: [{ ...pair, count: 2 }, { ...pair, card: 'c2' }, { ...pair, card: 'not there' }],
  });
  assert.deepEqual(again.vertices.map((vertex) => vertex.id), ['c1', 'm1', 'c2']);
  assert.deepEqual(again.pairs.map(({ card, count }) => [card, count]), [['c1', 2], ['c2', 1]]);
  const many = Array.from({ length: 500 }, (_, i) => card(`n${i}`));
  assert.equal(merge(again, { vertices: many, pairs: [] }).vertices.length, VERTICES_MAX);
});
