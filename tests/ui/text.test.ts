// What people read: numbers, times, names and reasons, in both languages.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cardDigits, makeFormat, merchantName, plainName } from '../../ui/src/format';
import { preferredLanguage, texts } from '../../ui/src/i18n';
import { categoryByCode, categoryName } from '../../ui/src/i18n/categories';
import { hasWords, reasonText } from '../../ui/src/i18n/reasons';

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
  assert.equal(en.weekday(0), 'Monday');
  assert.equal(ko.weekday(6), '일요일');
  assert.equal(en.time('not a time'), 'not a time');
});

test('names of the data are made readable', () => {
  assert.equal(cardDigits('***************1234'), '1234');
  assert.equal(merchantName('fraud_Kirlin and Sons'), 'Kirlin and Sons');
  assert.equal(merchantName('Anti-fraud_Shop'), 'Anti-fraud_Shop');
  assert.equal(plainName('some_new_name'), 'some new name');
  assert.equal(categoryName('grocery_pos', 'en'), 'Groceries, in store');
  assert.equal(categoryName('constructor', 'en'), 'constructor');
  assert.equal(categoryByCode(0), 'gas_transport');
  assert.equal(categoryByCode(14), 'other');
  assert.equal(categoryByCode(99), 'other');
});

test('a reason says its feature, window and value', () => {
  const reason = (feature: string, value: number | null): Parameters<typeof reasonText>[0] => ({
    feature,
    value,
    contribution: 1,
  });
  assert.deepEqual(reasonText(reason('card_sum_24h', 1234.5), 'en', en), {
    name: 'Spent with the card, 24 hours',
    value: '1,234.50',
  });
  assert.deepEqual(reasonText(reason('card_sum_24h', 1234.5), 'ko', ko), {
    name: '최근 24시간 카드 사용 금액',
    value: '1,234.50',
  });
  assert.equal(reasonText(reason('hour', 23.5), 'en', en).value, '23:30:00');
  assert.equal(reasonText(reason('card_since_last', null), 'en', en).value, null);
  assert.equal(reasonText(reason('category', 13), 'ko', ko).value, '여행');
  assert.equal(reasonText(reason('card_amount_z', 4.2), 'en', en).value, '+4.2 σ');
  assert.equal(reasonText(reason('age_band', 7), 'en', en).value, '7');
  assert.deepEqual(reasonText(reason('a_feature_of_tomorrow_9y', 3), 'en', en), {
    name: 'a feature of tomorrow 9y',
    value: '3',
  });
  assert.equal(hasWords('card_sum_24h'), true);
  assert.equal(hasWords('card_sum_9y'), false);
  assert.equal(hasWords('toString'), false);
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
