// Pipelines: the log as it is followed, the steps as a graph, how far a run is. Everything here is pure.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

import type { Run, RunState, RunStep } from '../../ui/src/api/pipelines';
import { isOutcome, type RunsFilter } from '../../ui/src/state/runs_filter';
import { descriptionIn } from '../../ui/src/i18n/pipeline_descriptions';
import { follows, LOG_KEPT_MAX, nextByte, noLog, withAnswer, type Log } from '../../ui/src/state/log';
import { argumentBlamed, shareDone, stepToResume, tellingStep } from '../../ui/src/state/run_progress';
import { placeSteps } from '../../ui/src/state/steps';

function text(log: Log): string {
  return log.pieces.map((piece) => piece.text).join('');
}

function answered(log: Log, added: string, size = log.to + added.length, ended = false): Log {
  return withAnswer(log, { text: added, from: log.to, to: log.to + added.length, size, ended });
}

test('a log grows by what is answered, from the byte after the last', () => {
  let log = answered(noLog, 'one\n');
  log = answered(log, 'two\n');
  assert.equal(text(log), 'one\ntwo\n');
  assert.equal(log.to, 8);
  assert.equal(answered(log, '').pieces, log.pieces, 'nothing new is drawn anew');
});

test('bytes count, not characters', () => {
  const log = withAnswer(noLog, { text: '학습\n', from: 0, to: 7, size: 7, ended: false });
  assert.equal(nextByte(log, 7), 7);
  assert.equal(text(answered(log, 'x')), '학습\nx');
});

test('an answer that comes late changes nothing', () => {
  const log = answered(answered(noLog, 'one\n'), 'two\n');
  const late = withAnswer(log, { text: 'two\n', from: 4, to: 8, size: 8, ended: false });
  assert.equal(late, log);
});

test('a log that is shorter than before is another one, read from its beginning', () => {
  const log = answered(noLog, 'a long first try\n');
  const anew = withAnswer(log, { text: '', from: 0, to: 0, size: 3, ended: false });
  assert.equal(anew.to, 0);
  assert.equal(text(anew), '');
});

test('a log ends when the step has and all of it was read', () => {
  let log = withAnswer(noLog, { text: 'one', from: 0, to: 3, size: 6, ended: true });
  assert.equal(log.ended, false);
  log = answered(log, 'two', 6, true);
  assert.equal(log.ended, true);
});

test('of a long log the end is kept, and what is far behind is not asked for', () => {
  let log = noLog;
  const line = `${'x'.repeat(9_999)}\n`;
  for (let i = 0; i < 100; i++) log = answered(log, line);
  assert.ok(text(log).length <= LOG_KEPT_MAX);
  assert.ok(text(log).length > LOG_KEPT_MAX / 2);
  assert.equal(log.cut, true);
  assert.equal(log.to, 1_000_000);
  assert.equal(new Set(log.pieces.map((piece) => piece.id)).size, log.pieces.length);
  assert.equal(nextByte(log, 1_000_010), 1_000_000);
  const size = 9_000_000;
  assert.equal(nextByte(log, size), size - LOG_KEPT_MAX);
  const jumped = withAnswer(noLog, { text: 'end', from: size - 3, to: size, size, ended: false });
  assert.equal(jumped.cut, true);
});

test('what colours a terminal is not shown', () => {
  assert.equal(text(answered(noLog, '\u001b[31mred\u001b[0m\r\nplain')), 'red\nplain');
});

test('a log is followed by who is at its end, and not by who scrolled up', () => {
  assert.ok(follows({ scrollTop: 900, clientHeight: 100, scrollHeight: 1000 }));
  assert.ok(follows({ scrollTop: 890, clientHeight: 100, scrollHeight: 1000 }));
  assert.ok(!follows({ scrollTop: 700, clientHeight: 100, scrollHeight: 1000 }));
  assert.ok(follows({ scrollTop: 0, clientHeight: 100, scrollHeight: 80 }), 'all of it is seen');
});

function step(name: string, state: RunState = 'waiting', over: Partial<RunStep> = {}): RunStep {
  return {
    name, state, after: [], started: null, ended: null, seconds: null, exit_status: null, signal: null,
    words: [], ...over,
  };
}

test('each step stands behind those it waits for', () => {
  const graph = placeSteps([
    { name: 'check', after: [] },
    { name: 'xgboost', after: ['check'] },
    { name: 'gcn', after: ['check'] },
    { name: 'ensemble', after: ['xgboost', 'gcn', 'no such step'] },
    { name: 'late', after: ['check', 'ensemble'] },
  ]);
  const places = Object.fromEntries(graph.places.map(({ name, layer, lane }) => [name, [layer, lane]]));
  assert.deepEqual(places, {
    check: [0, 0], xgboost: [1, 0], gcn: [1, 1], ensemble: [2, 0], late: [3, 0],
  });
  assert.equal(graph.layers, 4);
  assert.equal(graph.lanes, 2);
  assert.equal(graph.edges.length, 6);
});

test('steps that wait for each other, or of which there are none, are a picture too', () => {
  const round = placeSteps([{ name: 'a', after: ['b'] }, { name: 'b', after: ['a'] }, { name: 'c', after: ['c'] }]);
  assert.equal(round.places.length, 3);
  assert.ok(round.places.every(({ layer }) => layer >= 0 && layer < 3));
  assert.deepEqual(placeSteps([]), { places: [], edges: [], layers: 0, lanes: 0 });
});

function run(state: RunState, steps: RunStep[]): Run {
  return {
    id: 'r', pipeline: 'p', state, created: '', started: null, ended: null, seconds: null, attempt: 1,
    arguments: {}, steps,
  };
}

test('how far a run is counts the step that runs as far as it says', () => {
  const steps = [step('a', 'succeeded'), step('b', 'running', { progress: 0.5 }), step('c'), step('d')];
  assert.equal(shareDone(run('running', steps)), 0.375);
  assert.equal(shareDone(run('running', [step('a', 'running', { progress: null })])), 0);
  assert.equal(shareDone(run('waiting', [])), 0);
});

test('the step that is looked at tells why the run is as it is', () => {
  const name = (...steps: RunStep[]): string | undefined => tellingStep(run('running', steps))?.name;
  assert.equal(name(step('a', 'succeeded'), step('b', 'running'), step('c')), 'b');
  assert.equal(name(step('a', 'succeeded'), step('b', 'running'), step('c', 'failed')), 'c');
  assert.equal(name(step('a', 'succeeded'), step('b', 'succeeded')), 'b');
  assert.equal(name(), undefined);
});

test('a run goes on from the step that did not succeed', () => {
  const steps = [step('a', 'succeeded'), step('b', 'failed'), step('c')];
  assert.equal(stepToResume(run('failed', steps))?.name, 'b');
  assert.equal(stepToResume(run('running', steps)), undefined);
  assert.equal(stepToResume(run('succeeded', [step('a', 'succeeded')])), undefined);
});

test('a refusal is put to the argument that it names', () => {
  const names = ['train', 'rounds'];
  assert.equal(argumentBlamed("argument 'rounds' may not be empty", names), 'rounds');
  assert.equal(argumentBlamed('pipeline “x”: “train” holds what looks like a card number', names), 'train');
  assert.equal(argumentBlamed("the value of train begins with '-', as an option would", names), 'train');
  assert.equal(argumentBlamed('train_xgboost needs --set train=VALUE', names), 'train');
  assert.equal(argumentBlamed('too much is under way', names), undefined);
});

test('every pipeline that is built in is told in Korean, and others as they are', () => {
  // The working folder is the source's root.
  const file = readFileSync(resolve('src/pipeline/pipelines.conf'), 'utf8');
  const described = [...file.matchAll(/^description=(.+)$/gm)].map((match) => match[1]!);
  assert.ok(described.length > 5);
  for (const text of described) {
    assert.match(descriptionIn(text, 'ko'), /[가-힣]/, text);
    assert.equal(descriptionIn(text, 'en'), text);
  }
  assert.equal(descriptionIn('toString', 'ko'), 'toString');
});

test('runs are narrowed by their outcome, of which what was interrupted has failed', () => {
  const states = ['waiting', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const;
  const of = (outcome: RunsFilter['outcome']): string =>
    states.filter((state) => isOutcome({ state }, outcome)).join(' ');
  assert.equal(of('any'), states.join(' '));
  assert.equal(of('under_way'), 'waiting running');
  assert.equal(of('succeeded'), 'succeeded');
  assert.equal(of('failed'), 'failed interrupted');
  assert.equal(of('cancelled'), 'cancelled');
});
