// The queue of alerts: what its state does with answers, events and changes that are on their way; its
// filters; its keys; the audit trail. Everything here is pure.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AlertItem, AlertPage, AlertShown, AuditEntry } from '../../ui/src/api/alerts';
import { postJson, ServiceError } from '../../ui/src/api/client';
import { sessionHolder } from '../../ui/src/api/session';
import { keyName } from '../../ui/src/keys';
import { makeMoment } from '../../ui/src/moment';
import { csvOf } from '../../ui/src/state/csv';
import { hashOf, parseRoute, viewOf } from '../../ui/src/route';
import { AUDIT_KEPT_MAX, mergeAudit } from '../../ui/src/state/audit';
import {
  ARRIVED_MAX,
  changedBy,
  neighbourOf,
  noQueue,
  QUEUE_ROWS_MAX,
  reduceQueue,
  type Queue,
  type QueueMessage,
} from '../../ui/src/state/queue';
import {
  firstFilter,
  foldedFilters,
  isCardNumber,
  lets,
  queryOf,
  readFilter,
  restMs,
  sinceMs,
  STATUSES,
  withText,
} from '../../ui/src/state/queue_filter';
import { press, relabels, stepsOf, takenBack, type Question, type Target } from '../../ui/src/state/decision';
import { extended, noSelection, selectedAll, toggled, without } from '../../ui/src/state/selection';
import { changeEach } from '../../ui/src/pages/alerts/use_bulk';

function alert(number: string, over: Partial<AlertItem> = {}): AlertItem {
  return {
    trans_num: number,
    time: '2020-06-21T12:14:25Z',
    card: '************1234',
    merchant: 'fraud_Kirlin and Sons',
    category: 'travel',
    amount: 200,
    score: 0.9,
    decision: 'decline',
    is_fraud: null,
    reasons: [],
    expected_loss: 180,
    status: 'open',
    assignee: null,
    notes: 0,
    changed: null,
    ...over,
  };
}

function whole(number: string, over: Partial<AlertShown> = {}): AlertShown {
  const { notes: _, ...item } = alert(number);
  return { ...item, model: { name: 'm', version: '1' }, notes: [], history: [], ...over };
}

function page(alerts: AlertItem[], next: string | null = null): AlertPage {
  return { alerts, next, counts: { open: alerts.length, in_review: 0, fraud: 0, not_fraud: 0 } };
}

function after(...messages: QueueMessage[]): Queue {
  return messages.reduce(reduceQueue, noQueue);
}

function numbers(queue: Queue): string {
  return (queue.rows ?? []).map((row) => row.trans_num).join(' ');
}

const NOW = Date.parse('2020-06-21T15:30:00Z');

const three = page([alert('a'), alert('b'), alert('c')], 'cursor');

test('a page that follows adds what is not there, and each alert once', () => {
  const queue = after(
    { kind: 'page', page: three },
    { kind: 'more', page: page([alert('c'), alert('d')]) },
  );
  assert.equal(numbers(queue), 'a b c d');
  assert.equal(queue.next, null);
});

test('what arrives is counted once and moves nothing until it is asked for', () => {
  let queue = after(
    { kind: 'page', page: three },
    { kind: 'arrived', numbers: ['x', 'a', 'x'] },
    { kind: 'arrived', numbers: ['x', 'y'] },
  );
  assert.equal(numbers(queue), 'a b c');
  assert.deepEqual(queue.arrived, ['x', 'y']);
  queue = reduceQueue(queue, { kind: 'page', page: page([alert('x'), alert('a')]) });
  assert.equal(numbers(queue), 'x a');
  assert.deepEqual(queue.arrived, []);
});

test('the first page asked for again mends rows in place and counts those that are new', () => {
  const again = page([alert('x'), alert('b', { assignee: 'kim', status: 'in_review' }), alert('a')]);
  const queue = after({ kind: 'page', page: three }, { kind: 'again', page: again });
  assert.equal(numbers(queue), 'a b c');
  assert.equal(queue.rows![1]!.assignee, 'kim');
  assert.deepEqual(queue.arrived, ['x']);
  assert.equal(queue.next, 'cursor', 'where the list goes on is where it went on before');
  assert.equal(queue.counts!.open, 3);
});

test('nothing grows past its limit', () => {
  const many = Array.from({ length: QUEUE_ROWS_MAX + 200 }, (_, i) => alert(`n${i}`));
  let queue = after({ kind: 'page', page: page(many.slice(0, 700), 'c') });
  queue = reduceQueue(queue, { kind: 'more', page: page(many.slice(700), 'c') });
  assert.equal(queue.rows!.length, QUEUE_ROWS_MAX);
  assert.equal(queue.next, null, 'at the limit no more is offered');
  const arrived = Array.from({ length: 2 * ARRIVED_MAX }, (_, i) => `x${i}`);
  queue = reduceQueue(queue, { kind: 'arrived', numbers: arrived });
  assert.equal(queue.arrived.length, ARRIVED_MAX);
});

test('a case that somebody changed follows in the row, beside it and in the counts', () => {
  const item = { trans_num: 'b', status: 'fraud', assignee: 'lee', changed: '2026-01-01T00:00:00Z' } as const;
  const queue = after(
    { kind: 'page', page: three },
    { kind: 'opened', alert: whole('b') },
    { kind: 'cases', items: [item, { ...item, trans_num: 'elsewhere' }] },
  );
  assert.equal(numbers(queue), 'a b c', 'it stays where it is');
  assert.equal(queue.rows![1]!.status, 'fraud');
  assert.equal(queue.opened!.assignee, 'lee');
  assert.deepEqual(queue.counts, { open: 2, in_review: 0, fraud: 1, not_fraud: 0 });
  assert.equal(queue.rows![0], three.alerts[0], 'the others are the same objects');
});

test('what is open is asked for again once its case has changed elsewhere, and not before', () => {
  const at = '2026-01-01T00:00:00Z';
  const there: Queue = after({ kind: 'page', page: three }, { kind: 'opened', alert: whole('a') });
  assert.equal(there.stale, false);
  const other = { trans_num: 'b', status: 'fraud', assignee: null, changed: at } as const;
  assert.equal(reduceQueue(there, { kind: 'cases', items: [other] }).stale, false);
  const mine = { ...other, trans_num: 'a' };
  const told = reduceQueue(there, { kind: 'cases', items: [mine, other] });
  assert.equal(told.stale, true);
  assert.equal(told.opened!.status, 'fraud', 'what is known is shown at once');
  const again = page([alert('a', { status: 'fraud', changed: at })]);
  assert.equal(reduceQueue(there, { kind: 'again', page: again }).stale, true);
  assert.equal(reduceQueue(there, { kind: 'page', page: again }).stale, true);
  const fresh = reduceQueue(told, { kind: 'opened', alert: whole('a', { status: 'fraud', changed: at }) });
  assert.equal(fresh.stale, false);
  assert.equal(reduceQueue(fresh, { kind: 'again', page: again }).stale, false);
});

test('a change is shown at once and becomes what the service says', () => {
  let queue = after({ kind: 'page', page: three }, { kind: 'asked', number: 'a', change: { status: 'fraud' } });
  assert.equal(queue.rows![0]!.status, 'fraud');
  assert.ok(queue.saving.has('a'));
  assert.equal(queue.counts!.fraud, 1);
  const saved = whole('a', {
    status: 'fraud',
    is_fraud: true,
    changed: '2026-01-01T00:00:00Z',
    notes: [{ time: '2026-01-01T00:00:00Z', by: 'kim', text: 'called' }],
  });
  queue = reduceQueue(queue, { kind: 'saved', alert: saved, chosen: true });
  assert.ok(!queue.saving.has('a'));
  const [row] = queue.rows!;
  assert.deepEqual([row!.status, row!.is_fraud, row!.notes], ['fraud', true, 1]);
  assert.equal(queue.counts!.fraud, 1, 'counted once');
  assert.equal(queue.opened, saved);
});

test('while a change is on its way, older answers do not take it back', () => {
  const asked: QueueMessage = { kind: 'asked', number: 'a', change: { status: 'in_review', assignee: 'me' } };
  const queue = after(
    { kind: 'page', page: three },
    asked,
    { kind: 'again', page: three },
    { kind: 'opened', alert: whole('a') },
    { kind: 'page', page: three },
  );
  assert.equal(queue.rows![0]!.status, 'in_review');
  assert.equal(queue.rows![0]!.assignee, 'me');
  assert.equal(queue.opened!.status, 'in_review');
});

test('a change that fails is taken back; one that met another shows that one', () => {
  const asked = after({ kind: 'page', page: three }, { kind: 'asked', number: 'a', change: { status: 'fraud' } });
  const failed = reduceQueue(asked, { kind: 'refused', number: 'a', actual: null, chosen: true });
  assert.equal(failed.rows![0]!.status, 'open');
  assert.equal(failed.counts!.open, 3);
  assert.ok(!failed.saving.has('a'));
  const actual = whole('a', { status: 'not_fraud', assignee: 'kim', changed: '2026-01-01T00:00:00Z' });
  const met = reduceQueue(asked, { kind: 'refused', number: 'a', actual, chosen: true });
  assert.equal(met.rows![0]!.status, 'not_fraud');
  assert.equal(met.opened!.assignee, 'kim');
  assert.deepEqual(met.counts, { open: 2, in_review: 0, fraud: 0, not_fraud: 1 });
});

test('a change of another alert leaves what is open as it is, and the note that is written of it', () => {
  const there = after({ kind: 'page', page: three }, { kind: 'opened', alert: whole('a') });
  const open = there.opened;
  const b = whole('b', { status: 'fraud', is_fraud: true });
  for (const queue of [
    reduceQueue(there, { kind: 'saved', alert: b, chosen: false }),
    reduceQueue(there, { kind: 'refused', number: 'b', actual: b, chosen: false }),
  ]) {
    assert.equal(queue.opened, open);
    assert.deepEqual([queue.rows![1]!.status, queue.rows![1]!.is_fraud], ['fraud', true]);
    assert.deepEqual(queue.counts, { open: 2, in_review: 0, fraud: 1, not_fraud: 0 });
  }
  assert.equal(reduceQueue(there, { kind: 'saved', alert: b, chosen: true }).opened, b, 'it was chosen meanwhile');
});

test('two changes at once of a case go back to what it was before the first', () => {
  const queue = after(
    { kind: 'page', page: three },
    { kind: 'asked', number: 'a', change: { assignee: 'me' } },
    { kind: 'asked', number: 'a', change: { status: 'in_review' } },
    { kind: 'refused', number: 'a', actual: null, chosen: true },
  );
  assert.deepEqual([queue.rows![0]!.status, queue.rows![0]!.assignee], ['open', null]);
});

test('a change of an alert that is open but not in the list is shown too', () => {
  const queue = after(
    { kind: 'page', page: three },
    { kind: 'opened', alert: whole('z', { status: 'fraud' }) },
    { kind: 'asked', number: 'z', change: { status: 'open' } },
  );
  assert.equal(queue.opened!.status, 'open');
  assert.equal(numbers(queue), 'a b c');
});

test('the keyboard stays within the list', () => {
  const rows = three.alerts;
  assert.equal(neighbourOf(rows, 'a', 1)!.trans_num, 'b');
  assert.equal(neighbourOf(rows, 'a', -1)!.trans_num, 'a');
  assert.equal(neighbourOf(rows, 'c', 1)!.trans_num, 'c');
  assert.equal(neighbourOf(rows, null, 1)!.trans_num, 'a');
  assert.equal(neighbourOf(rows, 'gone', -1)!.trans_num, 'c');
  assert.equal(neighbourOf([], 'a', 1), undefined);
});

test('who changed a case is of its last entry, in whatever order they come', () => {
  const entry = (seq: number, by: string) => ({ seq, by, time: '', action: 'alert.status', from: null, to: null, text: null });
  assert.equal(changedBy(whole('a', { history: [entry(7, 'kim'), entry(9, 'lee'), entry(8, 'choi')] })), 'lee');
  assert.equal(changedBy(whole('a')), null);
});

test('a filter asks the service and answers for the stream the same question', () => {
  assert.equal(queryOf(firstFilter, 'kim', NOW), 'status=open%2Cin_review&order=expected_loss');
  const mine = { ...firstFilter, statuses: [], assignee: 'mine', text: ' Kirlin ', minAmount: 150.5 } as const;
  const query = new URLSearchParams(queryOf(mine, 'kim&co', NOW));
  assert.equal(query.get('assignee'), 'kim&co');
  assert.equal(query.get('status'), 'open,in_review,fraud,not_fraud');
  assert.equal(query.get('min_amount'), '150.5');
  assert.equal(query.get('q'), 'Kirlin');
  assert.equal(new URLSearchParams(queryOf({ ...firstFilter, assignee: 'unassigned' }, 'kim', NOW)).get('assignee'), '');

  assert.ok(lets(firstFilter, 'kim', NOW, alert('a')));
  assert.ok(!lets(firstFilter, 'kim', NOW, alert('a', { status: 'fraud' })));
  assert.ok(!lets(mine, 'kim', NOW, alert('a')));
  assert.ok(lets(mine, 'kim', NOW, alert('a', { assignee: 'kim', status: 'fraud' })));
  assert.ok(!lets({ ...firstFilter, decision: 'review' }, 'kim', NOW, alert('a')));
  assert.ok(!lets({ ...firstFilter, minAmount: 201 }, 'kim', NOW, alert('a')));
  const found = (text: string): boolean => lets({ ...firstFilter, text }, 'kim', NOW, alert('2da90c7d'));
  assert.deepEqual(
    ['2DA9', 'kirlin', '1234', '234', 'da90', ''].map(found),
    [true, true, true, false, false, true],
  );
});

test('a filter that was kept is read back, and what is no filter is the first one', () => {
  const kept = { ...firstFilter, statuses: ['fraud'], minAmount: 5, order: 'time' } as const;
  assert.deepEqual(readFilter(JSON.stringify(kept)), kept);
  for (const text of [null, '', '{', 'null', '7', '{"statuses":7,"order":"x","minAmount":-1,"text":[]}'])
    assert.deepEqual(readFilter(text), firstFilter, String(text));
});

test('keys are found on a Korean keyboard too', () => {
  assert.equal(keyName({ key: 'j', code: 'KeyJ' }), 'j');
  assert.equal(keyName({ key: 'J', code: 'KeyJ' }), 'j');
  assert.equal(keyName({ key: 'ㅓ', code: 'KeyJ' }), 'j');
  assert.equal(keyName({ key: 'Process', code: 'KeyF' }), 'f');
  assert.equal(keyName({ key: '?', code: 'Slash' }), '?');
  assert.equal(keyName({ key: 'ArrowDown', code: 'ArrowDown' }), 'ArrowDown');
});

test('addresses say which alert, run or pipeline is open', () => {
  for (const route of [
    { view: 'alerts' },
    { view: 'alerts', number: 'a/b %' },
    { view: 'audit' },
    { view: 'pipelines' },
    { view: 'pipeline', name: 'train_xgboost' },
    { view: 'run', id: '20261124-223011-012345' },
  ] as const)
    assert.deepEqual(parseRoute(hashOf(route)), route);
  assert.equal(viewOf({ view: 'audit' }), 'alerts');
  assert.equal(viewOf({ view: 'run', id: 'x' }), 'pipelines');
});

test('the audit trail has each entry once, the latest first, and no hole', () => {
  const entries = (from: number, to: number): AuditEntry[] =>
    Array.from({ length: from - to + 1 }, (_, i) => ({
      seq: from - i, time: '', by: 'kim', role: 'analyst', action: 'alert.note', subject: 'a',
      from: null, to: null, text: null, hash: '00',
    }));
  const seqs = (trail: readonly AuditEntry[]): number[] => trail.map((entry) => entry.seq);
  const known = mergeAudit([], entries(5, 3));
  assert.deepEqual(seqs(mergeAudit(known, entries(4, 1))), [5, 4, 3, 2, 1]);
  assert.deepEqual(seqs(mergeAudit(known, entries(7, 5))), [7, 6, 5, 4, 3]);
  assert.equal(mergeAudit(known, entries(5, 4)), known);
  assert.deepEqual(seqs(mergeAudit(known, entries(20, 18))), [20, 19, 18], 'between them some are missing');
  assert.equal(mergeAudit(known, entries(AUDIT_KEPT_MAX + 50, 4)).length, AUDIT_KEPT_MAX);
});

test('a time is told as people say it, in both languages', () => {
  const now = Date.parse('2026-11-29T12:00:00Z');
  const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString();
  const english = makeMoment('en');
  assert.equal(english.relative(at(-10), now), 'now');
  assert.match(english.relative(at(-185), now), /^3 min\.? ago$/);
  assert.match(english.relative(at(7300), now), /^in 2 hr\.?$/);
  assert.equal(english.relative(at(-86_400), now), 'yesterday');
  const korean = makeMoment('ko');
  assert.equal(korean.relative(at(-185), now), '3분 전');
  assert.equal(korean.relative('no time', now), 'no time');
  assert.deepEqual([0.04, 3.96, 12.7, 64].map(english.took), ['0 sec', '4 sec', '12 sec', '1 min 4 sec']);
  assert.equal(korean.took(0.42), '0.4초');
});

test('of a whole card number the last four digits are searched for, and kept', () => {
  for (const typed of ['4613314721966', '4613 3147 2196 6123', ' 4613-3147-2196-6123 ']) {
    assert.ok(isCardNumber(typed), typed);
    assert.equal(withText(firstFilter, typed).text, typed.replace(/\D/g, '').slice(-4));
  }
  for (const typed of ['1966', '2020-06-21', 'a'.repeat(16), '12345678901'])
    assert.equal(withText(firstFilter, typed).text, typed);
});

test('digits that may become a card number wait longer than other texts until they are searched for', () => {
  const short = restMs('kirlin');
  for (const typed of ['1966', '196', '2da90c7d', '4613 3147 a', '']) assert.equal(restMs(typed), short, typed);
  for (const typed of ['46133', '4613 3147', ' 4613-3147-21', '4613314721966']) assert.ok(restMs(typed) >= 4 * short, typed);
});

test('a search looks at what is decided, too, unless statuses were chosen', () => {
  const searching = withText(firstFilter, 'kirlin');
  assert.deepEqual(searching.statuses, STATUSES);
  assert.deepEqual(withText(searching, 'kirl').statuses, STATUSES);
  assert.deepEqual(withText(searching, ''), firstFilter);
  const frauds = { ...firstFilter, statuses: ['fraud'] as const };
  assert.deepEqual(withText(frauds, 'kirlin').statuses, ['fraud']);
  const all = { ...firstFilter, statuses: STATUSES };
  assert.deepEqual(withText(withText(all, 'kirlin'), ''), all, 'who chose them all has them all after it');
  const narrowed = { ...searching, statuses: ['open'] as const, widened: false };
  assert.deepEqual(withText(narrowed, '').statuses, ['open']);
});

test('filters that are folded away are counted', () => {
  assert.equal(foldedFilters(firstFilter), 0);
  assert.equal(foldedFilters({ ...firstFilter, text: 'x', minAmount: 0, assignee: 'mine' }), 2);
});

test('since when alerts are shown is said to the service and holds for those that come', () => {
  const day = { ...firstFilter, since: '24h' as const };
  assert.equal(new URLSearchParams(queryOf(day, 'kim', NOW)).get('since'), '2020-06-20T15:30:00Z');
  assert.ok(lets(day, 'kim', NOW, alert('a')));
  assert.ok(!lets(day, 'kim', NOW, alert('a', { time: '2020-06-20T15:29:59Z' })));
  assert.ok(lets({ ...day, since: '7d' }, 'kim', NOW, alert('a', { time: '2020-06-20T15:29:59Z' })));
  assert.equal(sinceMs({ since: 'today' }, NOW), new Date(NOW).setHours(0, 0, 0, 0));
  assert.equal(readFilter(JSON.stringify(day)).since, '24h');
  assert.equal(readFilter('{"since":"yesterday"}').since, 'all');
});

test('alerts are selected one by one, in a range, and all', () => {
  const shown = ['a', 'b', 'c', 'd', 'e'];
  const one = toggled(noSelection, 'b');
  assert.deepEqual([...extended(one, 'd', shown).numbers], ['b', 'c', 'd']);
  assert.deepEqual([...extended(toggled(one, 'e'), 'c', shown).numbers].sort(), ['b', 'c', 'd', 'e']);
  assert.deepEqual([...toggled(one, 'b').numbers], []);
  assert.deepEqual([...extended(noSelection, 'd', shown).numbers], ['d'], 'no range without a beginning');
  assert.deepEqual([...extended(toggled(noSelection, 'gone'), 'd', shown).numbers].includes('d'), true);
  assert.equal(selectedAll(shown).numbers.size, 5);
});

test('what is selected already is selected no more, with Shift too, and what was changed neither', () => {
  const shown = ['a', 'b', 'c', 'd', 'e'];
  const range = extended(toggled(noSelection, 'a'), 'd', shown);
  assert.deepEqual([...extended(range, 'b', shown).numbers], ['a', 'c', 'd'], 'as its box shows');
  assert.deepEqual([...without(range, ['a', 'd', 'e']).numbers], ['b', 'c']);
  assert.deepEqual(without(range, []), range);
});

/** `a=open b=fraud`: alerts and their statuses. */
function target(text: string, many = true): Target {
  const alerts = text.split(' ').map((one) => one.split('='));
  return { many, alerts: alerts.map(([number, status]) => ({ trans_num: number!, status: status as 'open' })) };
}

function asked(about: Target, label: 'fraud' | 'not_fraud' = 'fraud'): Question {
  const pressed = press(null, label, about);
  assert.equal(pressed.kind, 'asks');
  return (pressed as { question: Question }).question;
}

test('a label is asked once more, and the yes is to what was asked', () => {
  const question = asked(target('a=open b=fraud c=in_review'));
  const steps = [
    { number: 'a', from: 'open', to: 'fraud' },
    { number: 'c', from: 'in_review', to: 'fraud' },
  ];
  assert.deepEqual(question.steps, steps, 'those that are not so yet');
  // Somebody else decided both meanwhile: what was seen when it was asked has to hold, so the service refuses.
  const meanwhile = target('a=not_fraud b=fraud c=fraud');
  assert.deepEqual(press(question, 'fraud', meanwhile), { kind: 'makes', steps });
  assert.deepEqual(press(asked(target('a=open', false)), 'fraud', target('a=fraud', false)), {
    kind: 'makes',
    steps: [steps[0]],
  });
});

test('a question about other alerts is no yes to these', () => {
  const question = asked(target('a=open b=open'));
  for (const other of [target('a=open'), target('a=open b=open c=open'), target('a=open c=open'), target('a=open', false)])
    assert.equal(press(question, 'fraud', other).kind, 'asks');
  assert.equal(press(asked(target('a=open', false)), 'fraud', target('b=open', false)).kind, 'asks');
  const turned = press(question, 'not_fraud', target('a=open b=open'));
  assert.equal(turned.kind === 'asks' && turned.question.label, 'not_fraud', 'nor is it a yes to the other label');
});

test('what becomes no label is not asked, and nothing is done to what is so already', () => {
  const one = target('a=open', false);
  assert.deepEqual(press(asked(one), 'in_review', one), {
    kind: 'makes',
    steps: [{ number: 'a', from: 'open', to: 'in_review' }],
  });
  assert.deepEqual(press(null, 'fraud', target('a=fraud b=fraud')), { kind: 'makes', steps: [] });
});

test('a decision is taken back by its own steps, those that were made', () => {
  const { steps } = asked(target('a=open b=in_review'));
  assert.deepEqual(stepsOf(['b', 'x'], steps).map(takenBack), [{ number: 'b', from: 'fraud', to: 'in_review' }]);
  assert.ok(!relabels(steps));
  assert.ok(relabels(asked(target('a=open b=not_fraud')).steps), 'what was a label before becomes one again');
});

const always = (): boolean => true;

function requests(...of: string[]) {
  return of.map((number) => ({ number, change: { status: 'fraud' } as const }));
}

test('of several changes each is refused for itself', async () => {
  const called: string[] = [];
  const counted: number[] = [];
  const outcome = await changeEach(
    requests('a', 'b', 'c'),
    async (number) => {
      called.push(number);
      if (number === 'a') return { kind: 'conflict', alert: whole('a') };
      if (number === 'b') return { kind: 'failed', error: new ServiceError(404, 'gone') };
      return { kind: 'done', alert: whole(number) };
    },
    always,
    (count) => counted.push(count),
  );
  assert.deepEqual(called, ['a', 'b', 'c']);
  assert.deepEqual(counted, [1, 2, 3]);
  assert.deepEqual([outcome.done, outcome.conflicts, outcome.failed], [['c'], ['a'], ['b']]);
  assert.equal(outcome.error?.message, 'gone');
});

test('several changes end with the first failure that is not of one alert alone', async () => {
  for (const error of [new TypeError('no network'), ...[401, 403, 429, 500, 503].map((status) => new ServiceError(status, ''))]) {
    const called: string[] = [];
    const outcome = await changeEach(
      requests('a', 'b', 'c'),
      async (number) => {
        called.push(number);
        return number === 'a' ? { kind: 'done', alert: whole('a') } : { kind: 'failed', error };
      },
      always,
      () => undefined,
    );
    assert.deepEqual(called, ['a', 'b'], String(error));
    assert.deepEqual([outcome.done, outcome.failed, outcome.error], [['a'], ['b', 'c'], error]);
  }
});

test('several changes end with the page that they were asked on', async () => {
  let here = true;
  const called: string[] = [];
  const change = async (number: string) => {
    called.push(number);
    here = number !== 'b';
    return { kind: 'done', alert: whole(number) } as const;
  };
  const outcome = await changeEach(requests('a', 'b', 'c', 'd'), change, () => here, () => undefined);
  assert.deepEqual(called, ['a', 'b']);
  assert.deepEqual(outcome.failed, ['c', 'd']);
});

test('a change that one person asked for is not tried again as another', async () => {
  const sessions = { kim: 'kim', again: 'kim', lee: 'lee' } as const;
  const made: string[] = [];
  const realFetch = globalThis.fetch;
  for (const [next, status] of [['again', 200], ['lee', 403]] as const) {
    made.length = 0;
    sessionHolder.set({ required: true, name: 'kim', role: 'analyst', csrf: 'kim' });
    globalThis.fetch = (async (_path: string, { headers, method }: { headers: Record<string, string>; method?: string }) => {
      if (method !== 'POST')
        return Response.json({ required: true, name: sessions[next], role: 'analyst', csrf: next });
      made.push(headers['X-Haechi-Csrf']!);
      return headers['X-Haechi-Csrf'] === next ? Response.json({}) : new Response('{}', { status: 403 });
    }) as unknown as typeof fetch;
    try {
      const answered = await postJson('/v1/alerts/a', {}).then(
        () => 200,
        (error: ServiceError) => error.status,
      );
      assert.equal(answered, status, next);
    } finally {
      globalThis.fetch = realFetch;
    }
    assert.deepEqual(made, next === 'lee' ? ['kim'] : ['kim', 'again']);
  }
});

test('no text in a file for spreadsheets is a formula, whatever they separate by', () => {
  const guarded = (merchant: string): string => csvOf([alert('a', { merchant })]);
  assert.ok(guarded('A;=1+1').includes("A;'=1+1"));
  assert.ok(guarded('A\n@x').includes("A\n'@x"));
  assert.ok(guarded('＝1').includes("'＝1"));
  assert.ok(guarded('Lang-Wunsch; Sons').includes(',Lang-Wunsch; Sons,'), 'what is none stays as it is');
});

test('a file for spreadsheets is quoted, and nothing in it is a formula', () => {
  const text = csvOf([alert('=1+1', { merchant: 'A "B", Sons', assignee: '@kim', amount: -2 })]);
  const [head, line, end] = text.split('\r\n');
  assert.ok(head!.startsWith('\ufefftrans_num,time,card,merchant,'));
  assert.equal(end, '');
  assert.equal(
    line,
    `'=1+1,2020-06-21T12:14:25Z,************1234,"A ""B"", Sons",travel,-2,0.9,decline,180,open,'@kim,0,,`,
  );
});
