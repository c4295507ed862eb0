// A reason in words: what the feature of src/feature's catalogue is, and its value in its unit.
// A feature that has no words here is shown by its name, so that nothing is hidden.

import type { Language } from '.';
import type { Reason } from '../api/types';
import { plainName, type Format } from '../format';
import { categoryByCode, categoryName } from './categories';

type Unit =
  | 'money'
  | 'count'
  | 'number'
  | 'times'
  | 'share'
  | 'duration'
  | 'deviations'
  | 'km'
  | 'speed'
  | 'hour'
  | 'weekday'
  | 'yes-no'
  | 'category'
  | 'age'
  | 'gender';

type Words = readonly [en: string, ko: string, unit: Unit];

/** By the feature's name without its window. */
const words: Readonly<Record<string, Words>> = {
  amount: ['Amount', '금액', 'money'],
  amount_cents: ['Cents of the amount', '금액의 소수 부분(센트)', 'count'],
  category: ['Category', '업종', 'category'],
  hour: ['Hour of the day (UTC)', '거래 시각(UTC)', 'hour'],
  weekday: ['Day of the week', '요일', 'weekday'],
  home_distance: ['Distance from the holder’s home', '자택과 가맹점의 거리', 'km'],
  gender_female: ['Card holder’s gender', '회원 성별', 'gender'],
  age_band: ['Card holder’s age', '회원 연령대', 'age'],
  town: ['Home in a town of 2,500 or more', '인구 2,500명 이상 지역 거주', 'yes-no'],

  card_count: ['Card’s transactions', '카드 거래 건수', 'count'],
  card_sum: ['Spent with the card', '카드 사용 금액', 'money'],
  card_max: ['Card’s largest amount', '카드 최대 거래 금액', 'money'],
  card_rate_ratio: ['Card’s activity against its usual', '평소 대비 카드 거래 빈도', 'times'],
  card_sum_ratio: ['Card’s spending against its usual', '평소 대비 카드 사용 금액', 'times'],
  card_amount_to_mean: ['Amount against the card’s mean', '카드 평균 대비 금액', 'times'],
  card_amount_to_max: ['Amount against the card’s largest', '카드 최대 금액 대비 금액', 'times'],
  card_since_last: ['Since the card’s last transaction', '직전 거래 이후 경과', 'duration'],
  card_since_2nd: ['Since the card’s last but one', '2번째 전 거래 이후 경과', 'duration'],
  card_since_3rd: ['Since the card’s last but two', '3번째 전 거래 이후 경과', 'duration'],
  card_since_4th: ['Since the card’s last but three', '4번째 전 거래 이후 경과', 'duration'],
  card_since_last_ratio: ['Gap against the card’s usual', '평소 대비 거래 간격', 'times'],
  card_amount_z: ['Amount against the card’s habit', '카드 소비 습관과 금액의 차이', 'deviations'],
  card_category_z: [
    'Amount against the card’s habit in the category',
    '같은 업종 소비 습관과 금액의 차이',
    'deviations',
  ],
  card_category_share: ['Card’s share of this category', '카드 거래 중 이 업종의 비중', 'share'],
  card_category_since: [
    'Since the card was last in the category',
    '같은 업종 직전 거래 이후 경과',
    'duration',
  ],
  card_hour_share: ['Card’s share of this hour', '카드 거래 중 이 시간대의 비중', 'share'],
  card_hour_share_near: [
    'Card’s share of the hours around',
    '카드 거래 중 전후 2시간대의 비중',
    'share',
  ],
  card_last_distance: ['Distance from the last merchant', '직전 가맹점과의 거리', 'km'],
  card_speed: ['Speed from the last merchant', '직전 가맹점에서의 이동 속도', 'speed'],

  edge_count: ['Card’s visits to this merchant', '이 가맹점 이용 횟수', 'count'],
  edge_since_last: ['Since the card’s last visit here', '이 가맹점 직전 이용 이후 경과', 'duration'],
  edge_share_of_merchant: [
    'Card’s share of the merchant’s transactions',
    '가맹점 거래 중 이 카드의 비중',
    'share',
  ],
  edge_share_of_card: [
    'Merchant’s share of the card’s transactions',
    '카드 거래 중 이 가맹점의 비중',
    'share',
  ],

  merchant_count: ['Merchant’s transactions', '가맹점 거래 건수', 'count'],
  merchant_rate_ratio: ['Merchant’s activity against its usual', '평소 대비 가맹점 거래 빈도', 'times'],
  merchant_amount_to_mean: ['Amount against the merchant’s mean', '가맹점 평균 대비 금액', 'times'],
  merchant_amount_z: [
    'Amount against the merchant’s habit',
    '가맹점 평소 금액과의 차이',
    'deviations',
  ],
  merchant_cards: ['Different cards at the merchant', '가맹점을 이용한 카드 수', 'count'],
  merchant_cards_share: ['Different cards per transaction here', '가맹점 거래당 카드 수', 'share'],
  merchant_compromised: ['Compromised cards at the merchant', '가맹점을 이용한 도용 카드 수', 'count'],
  merchant_compromised_share: [
    'Share of compromised cards at the merchant',
    '가맹점의 도용 카드 비율',
    'share',
  ],
  merchant_suspicion_sum: ['Suspicion at the merchant, summed', '가맹점 의심도 합계', 'number'],
  merchant_suspicion_max: ['Highest suspicion at the merchant', '가맹점 최고 의심도', 'share'],
  exposure_max: [
    'Compromised cards where the card has been',
    '최근 이용 가맹점의 최고 도용 카드 비율',
    'share',
  ],
  exposure_count: [
    'Most compromised cards at a merchant visited',
    '최근 이용 가맹점의 최다 도용 카드 수',
    'count',
  ],

  suspicion: ['Suspicion of the transaction by itself', '거래 자체의 의심도', 'share'],
  card_suspicion_sum: ['Suspicion on the card, summed', '카드 의심도 합계', 'number'],
  card_suspicion_max: ['Highest suspicion on the card', '카드 최고 의심도', 'share'],
  card_suspicion_mean: ['Mean suspicion on the card', '카드 평균 의심도', 'share'],
};

const windows: Readonly<Record<string, readonly [en: string, ko: string]>> = {
  '1h': ['1 hour', '1시간'],
  '6h': ['6 hours', '6시간'],
  '24h': ['24 hours', '24시간'],
  '3d': ['3 days', '3일'],
  '7d': ['7 days', '7일'],
  '30d': ['30 days', '30일'],
};

const ages: readonly (readonly [en: string, ko: string])[] = [
  ['under 25', '25세 미만'],
  ['25 to 49', '25~49세'],
  ['50 or over', '50세 이상'],
];

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.prototype.hasOwnProperty.call(table, key) ? table[key] : undefined;
}

function valueText(value: number, unit: Unit, language: Language, format: Format): string {
  const pick = (pair: readonly [string, string]): string => pair[language === 'en' ? 0 : 1];
  switch (unit) {
    case 'money':
      return format.amount(value);
    case 'count':
      return format.integer(value);
    case 'number':
      return format.number(value);
    case 'times':
      return pick([`${format.number(value)}×`, `${format.number(value)}배`]);
    case 'share':
      return format.percent(value);
    case 'duration':
      return format.duration(value);
    case 'deviations':
      return `${value > 0 ? '+' : ''}${format.number(value)} σ`;
    case 'km':
      return `${format.number(value)} km`;
    case 'speed':
      return `${format.number(value)} km/h`;
    case 'hour':
      return format.time(new Date(value * 3_600_000).toISOString());
    case 'weekday':
      return format.weekday(value);
    case 'yes-no':
      return value > 0 ? pick(['yes', '예']) : pick(['no', '아니요']);
    case 'gender':
      return value > 0 ? pick(['female', '여성']) : pick(['male', '남성']);
    case 'category':
      return categoryName(categoryByCode(value), language);
    case 'age':
      return pick(ages[value] ?? [format.number(value), format.number(value)]);
  }
}

function splitWindow(feature: string): { name: string; window: readonly [string, string] | null } {
  const cut = feature.lastIndexOf('_');
  const window = cut < 0 ? undefined : own(windows, feature.slice(cut + 1));
  return window ? { name: feature.slice(0, cut), window } : { name: feature, window: null };
}

/** Whether a feature of the catalogue has words here. */
export function hasWords(feature: string): boolean {
  return own(words, splitWindow(feature).name) !== undefined;
}

export interface ReasonText {
  readonly name: string;
  /** null when the feature was unknown for the transaction. */
  readonly value: string | null;
}

export function reasonText(reason: Reason, language: Language, format: Format): ReasonText {
  const { name, window } = splitWindow(reason.feature);
  const found = own(words, name);
  if (!found) {
    const value = reason.value === null ? null : format.number(reason.value);
    return { name: plainName(reason.feature), value };
  }
  const [en, ko, unit] = found;
  let text = language === 'en' ? en : ko;
  if (window) text = language === 'en' ? `${en}, ${window[0]}` : `최근 ${window[1]} ${ko}`;
  const value = reason.value === null ? null : valueText(reason.value, unit, language, format);
  return { name: text, value };
}
