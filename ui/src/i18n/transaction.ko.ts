// The texts of the page about one transaction, in Korean.

import type { transactionEn } from './transaction.en';

export const transactionKo: typeof transactionEn = {
  title: '거래',
  about: '판정 내용',
  notFound: '그런 거래가 없습니다.',
  members: '구성 모델별 점수',
  agreement: (share) => `${share}가 최종 판정과 일치`,
  says: '단독 판단',
  alert: '경보',
  noAlert: '경보 아님',
  reasonsNote: '로그 오즈에 더한 값, 세로선은 점수 0.5',
  rest: '그 밖의 모든 요인',
  noReasons: '승인된 거래에는 근거가 없습니다.',
  neighbours: '이 카드의 이전 거래',
  neighboursNote: '신경망을 통해 점수를 가장 크게 움직인 거래',
  contribution: '로그 오즈',
  longAgo: '30일보다 오래됨',
  graph: '주변 그래프',
  graphNote: '사각형은 카드, 원은 가맹점이며 붉을수록 위험합니다. 가맹점을 누르면 주변이 더 보입니다.',
  graphSize: (cards, merchants) => `카드 ${cards}장, 가맹점 ${merchants}곳.`,
  share: '사기 피해 카드 비율',
  compromised: '확인된 사기',
  pair: (count, suspicion) => `거래 ${count}건, 의심도 최고 ${suspicion}`,
  openMerchant: '가맹점 주변 더 보기',
  latest: '이 가맹점의 최근 거래',
  suspicion: '의심도',
};
