// The features' names in Korean, put together from the parts that the catalogue builds them from:
// "card_count_1h" is the card's count in one hour. What is not known stays as the catalogue has it.

import type { Language } from '.';
import { plainName } from '../format';

const subjects: Readonly<Record<string, string>> = {
  card: '카드',
  merchant: '가맹점',
  edge: '카드·가맹점',
};

/** What is said of a card, a merchant or the two together. */
const measures: Readonly<Record<string, string>> = {
  count: '거래 수',
  sum: '금액 합계',
  max: '최대 금액',
  rate_ratio: '평소 대비 거래 수',
  sum_ratio: '평소 대비 금액 합계',
  amount_to_mean: '평균 대비 금액',
  amount_to_max: '최대 금액 대비 금액',
  amount_z: '금액의 평소 대비 편차',
  category_z: '업종 내 금액의 평소 대비 편차',
  category_share: '업종 비율',
  category_since: '같은 업종 이후 경과',
  hour_share: '이 시간대 비율',
  hour_share_near: '이 시간대(±2시간) 비율',
  since_last: '직전 거래 후 경과',
  since_2nd: '두 번째 전 거래 후 경과',
  since_3rd: '세 번째 전 거래 후 경과',
  since_4th: '네 번째 전 거래 후 경과',
  since_last_ratio: '평소 간격 대비 경과',
  last_distance: '직전 가맹점과의 거리',
  speed: '직전 가맹점에서의 속도',
  share_of_merchant: '가맹점 거래 중 비율',
  share_of_card: '카드 거래 중 비율',
  cards: '서로 다른 카드 수',
  cards_share: '거래 대비 카드 수',
  compromised: '사기 피해 카드 수',
  compromised_share: '사기 피해 카드 비율',
  suspicion_sum: '의심도 합계',
  suspicion_max: '최대 의심도',
  suspicion_mean: '평균 의심도',
  day_count: '오늘 거래 수',
  day_evidence: '오늘의 사기 정황',
  day_suspicion_min: '오늘 최소 의심도',
  day_suspicion_max: '오늘 최대 의심도',
  day_before_evidence: '직전 사용일의 사기 정황',
  day_before_age: '직전 사용일 이후 일수',
};

const windows: Readonly<Record<string, string>> = {
  '1h': '1시간',
  '6h': '6시간',
  '24h': '24시간',
  '3d': '3일',
  '7d': '7일',
  '30d': '30일',
};

/** Those that are not put together. */
const wholes: Readonly<Record<string, string>> = {
  amount: '금액',
  amount_cents: '금액의 센트 단위',
  category: '업종',
  hour: '시각',
  weekday: '요일',
  home_distance: '거주지와의 거리',
  gender_female: '카드 소지자 여성 여부',
  age_band: '연령대',
  town: '도시 거주 여부',
  exposure_max: '주변 사기 피해 카드 최대 비율',
  exposure_count: '주변 가맹점의 최다 사기 피해 카드 수',
  suspicion: '이 거래만 보았을 때의 의심도',
};

function lookUp(table: Readonly<Record<string, string>>, name = ''): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function koreanName(feature: string): string | undefined {
  const whole = lookUp(wholes, feature);
  if (whole !== undefined) return whole;
  const [, first, what, last] = /^([a-z]+)_(.+?)(?:_(\d+[hd]))?$/.exec(feature) ?? [];
  const [subject, measure, window] = [lookUp(subjects, first), lookUp(measures, what), lookUp(windows, last)];
  if (subject === undefined || measure === undefined) return undefined;
  if (last === undefined) return `${subject} ${measure}`;
  return window === undefined ? undefined : `${subject} ${measure}, ${window}`;
}

/** A feature's name for people: in English as the catalogue has it, which those who train models know. */
export function featureName(feature: string, language: Language): string {
  return (language === 'ko' ? koreanName(feature) : undefined) ?? plainName(feature);
}
