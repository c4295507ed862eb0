// What people read: numbers, times and names, in both languages.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { actorName } from '../../ui/src/actor';
import { ServiceError } from '../../ui/src/api/client';
import { parseMetrics } from '../../ui/src/api/metrics';
import { cardDigits, makeFormat, merchantName, plainName } from '../../ui/src/format';
import { makeLocale } from '../../ui/src/context';
import { problemOf, problemText } from '../../ui/src/problem';
import { preferredLanguage, texts } from '../../ui/src/i18n';
import { categoryName } from '../../ui/src/i18n/categories';

test('a refusal is told in the reader’s language, with the service’s words where they tell more', () => {
  const gone = new TypeError('Failed to fetch');
  assert.equal(problemText(gone, texts.ko), '서비스가 응답하지 않습니다.');
  assert.equal(problemText(gone, texts.en), 'The service does not answer.');
  const busy = new ServiceError(503, 'too many requests are waiting');
  assert.ok(!problemText(busy, texts.ko).includes('waiting'));
  const wrong = new ServiceError(422, 'rounds: not a number');
  assert.match(problemText(wrong, texts.ko), /^입력한 내용을 처리할 수 없습니다\. \(rounds: not a number\)$/);
  const odd = new ServiceError(418, 'short and stout');
  assert.deepEqual(problemOf(odd, texts.en), { text: 'The service refused this.', detail: 'short and stout' });
  for (const status of Object.keys(texts.en.problems.byStatus))
    assert.notEqual(texts.ko.problems.byStatus[Number(status)], undefined, status);
});

test('who acts is named in the reader’s language where it is no person', () => {
  assert.equal(actorName('label', makeLocale('ko')), '외부 라벨');
  assert.equal(actorName('schedule', makeLocale('en')), 'The schedule');
  assert.equal(actorName('kim', makeLocale('ko')), 'kim');
  assert.equal(actorName('constructor', makeLocale('ko')), 'constructor');
});

const en = makeFormat('en');
const ko = makeFormat('ko');

test('numbers are grouped and rounded for reading', () => {
  assert.equal(en.integer(1234567), '1,234,567');
  assert.equal(en.rate(4.96), '5');
  assert.equal(en.rate(39.94), '39.9');
  assert.equal(en.rate(1979.4), '1,979');
  assert.equal(en.amount(1194), '1,194.00');
  assert.equal(en.percent(0.015), '1.50%');
  assert.equal(en.number(9.8712), '9.87');
  assert.equal(en.number(-12345.6), '-12,346');
});

test('a score never claims to be certain when it is not', () => {
  assert.equal(en.score(0), '0.000');
  assert.equal(en.score(0.00001), '<0.001');
  assert.equal(en.score(0.5), '0.500');
  assert.equal(en.score(0.99991), '>0.999');
  assert.equal(en.score(1), '1.000');
});

test('sizes take the unit that reads best', () => {
  assert.equal(en.bytes(0), '0 B');
  assert.equal(en.bytes(999), '999 B');
  assert.equal(en.bytes(1_951_744), '1.95 MB');
  assert.equal(en.bytes(3e15), '3,000 TB');
});

test('metrics are read by name, and what is none is passed over', () => {
  const metrics = parseMetrics(
    '# HELP a b\n# TYPE a gauge\na 12\nb{x="1} 3",y="2"} 1.5\nb{x="2"} 2\nc +Inf\nnonsense\n',
  );
  assert.deepEqual([...metrics], [['a', 12], ['b', 3.5]]);
});

test('latencies and durations take the unit that reads best', () => {
  assert.equal(en.latency(184), '184 µs');
  assert.equal(en.latency(1240), '1.24 ms');
  assert.equal(en.latency(2_500_000), '2.5 s');
  assert.equal(en.duration(0), '0 sec');
  assert.equal(en.duration(412), '6 min 52 sec');
  assert.equal(en.duration(3600), '1 hr');
  assert.equal(en.duration(90_061), '1 day 1 hr');
  assert.equal(ko.duration(412), '6분 52초');
});

test('times are shown in UTC wherever the browser is', () => {
  assert.equal(en.time('2020-06-21T00:14:25Z'), '00:14:25');
  assert.equal(en.date('2020-06-21T23:59:59Z'), 'Jun 21');
  assert.equal(ko.date('2020-06-21T23:59:59Z'), '6월 21일');
  assert.equal(en.time('not a time'), 'not a time');
});

test('names of the data are made readable', () => {
  assert.equal(cardDigits('***************1234'), '1234');
  assert.equal(merchantName('fraud_Kirlin and Sons'), 'Kirlin and Sons');
  assert.equal(merchantName('Anti-fraud_Shop'), 'Anti-fraud_Shop');
  assert.equal(plainName('some_new_name'), 'some new name');
  assert.equal(categoryName('grocery_pos', 'en'), 'Groceries, in store');
  assert.equal(categoryName('constructor', 'en'), 'constructor');
});

test('the browser’s first language that the page has is taken', () => {
  assert.equal(preferredLanguage(['ko-KR', 'en-US']), 'ko');
  assert.equal(preferredLanguage(['fr', 'en-GB', 'ko']), 'en');
  assert.equal(preferredLanguage(['ja']), 'en');
  assert.equal(preferredLanguage([]), 'en');
});

test('no Korean text was left in English', () => {
  const sample = (value: unknown): string[] => {
    if (typeof value === 'string') return [value];
    if (typeof value === 'function') return [String(value('1', '2'))];
    return Object.values(value as Record<string, unknown>).flatMap(sample);
  };
  const korean = sample(texts.ko).filter((text) => !text.startsWith('haechi '));
  assert.equal(korean.length + 1, sample(texts.en).length);
  for (const text of korean) assert.match(text, /[가-힣]/);
});
