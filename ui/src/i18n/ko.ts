// Every text of the page, in Korean.

import type { Texts } from './en';
import { queueKo } from './alerts.ko';
import { liveKo } from './live.ko';
import { modelsKo } from './models.ko';
import { pipelinesKo } from './pipelines.ko';
import { sessionKo } from './session.ko';
import { systemKo } from './system.ko';
import { transactionKo } from './transaction.ko';

export const ko: Texts = {
  skip: '본문으로 건너뛰기',
  navigation: '화면',
  views: { live: '실시간', alerts: '경보', models: '모델', pipelines: '파이프라인', system: '시스템' },
  asking: '불러오는 중…',
  slow: '서비스의 응답이 늦어지고 있습니다. 계속 기다리는 중입니다…',
  askFailed: '서비스에서 답을 받지 못했습니다.',
  askFailedAgain: '서비스가 더 이상 응답하지 않습니다. 화면은 이전 내용입니다.',
  live: liveKo,
  models: modelsKo,
  pipelines: pipelinesKo,
  queue: queueKo,
  session: sessionKo,
  system: systemKo,
  transaction: transactionKo,
  tagline: '카드 사기 탐지',
  language: '언어',
  theme: '화면 모드',
  themes: { auto: '시스템', light: '밝게', dark: '어둡게' },

  connection: { connecting: '연결 중', live: '실시간', lost: '연결 끊김' },
  paused: '일시정지',
  pause: '일시정지',
  resume: '계속',
  newWhilePaused: (count) => `새 거래 ${count}건`,
  connectingText: '서비스에 연결하고 있습니다…',
  lostText: '서비스가 응답하지 않습니다. 자동으로 다시 연결하는 중이며, 화면은 끊기기 전의 내용입니다.',
  lastHeard: (time) => `마지막 수신: ${time}`,
  model: '모델',
  noModel: '없음',
  noModelTitle: '모델이 없습니다.',
  noModelText: '모든 거래가 점수 0으로 승인됩니다. 모델을 학습시킨 뒤 서비스를 다시 시작하세요.',
  version: (version) => `haechi ${version}`,
  uptime: '가동 시간',

  overview: '현황',
  transactions: '거래',
  approved: '승인',
  inReview: '검토',
  declined: '거절',
  fraudsLabelled: '확인된 사기',
  ofLabels: (count) => `라벨 ${count}건 중`,
  rate: '처리량',
  rateNote: '초당 거래 수',
  latency: '지연 시간',
  latencyNote: (p99) => `중앙값 · p99 ${p99}`,
  cardsAndMerchants: (cards, merchants) => `카드 ${cards}장, 가맹점 ${merchants}곳`,

  charts: '차트',
  ratesTitle: '초당 거래와 경보',
  ratesSummary: (transactions, alerts) => `최근 1초: 거래 ${transactions}건, 경보 ${alerts}건.`,
  ratesAxis: '거래/초',
  alertsAxis: '경보/초',
  scoresTitle: '점수 분포',
  scoresNote: (count) => `최근 수신 ${count}건, 로그 눈금`,
  scoresSummary: (below, above) => `검토 기준 미만 ${below}건, 이상 ${above}건.`,
  count: '건수',
  threshold: '기준값',

  latest: '최근 거래',
  latestNote: (count) => `${count}건 표시`,
  alerts: '경보',
  alertsNote: '검토 대상이거나 거절된 거래',
  noAlerts: '아직 경보가 없습니다.',
  empty: '아직 거래가 없습니다',
  emptyText: '스트림을 시작하면 점수가 매겨지는 대로 여기에 나타납니다.',
  columns: {
    time: '시각(UTC)',
    card: '카드',
    merchant: '가맹점',
    category: '업종',
    amount: '금액',
    score: '점수',
    decision: '판정',
    actual: '실제',
  },
  decision: { approve: '승인', review: '검토', decline: '거절' },
  actual: { fraud: '사기', genuine: '정상', unknown: '라벨 없음' },
  cardEnding: (digits) => `카드 끝자리 ${digits}`,
  reasons: '주요 근거',
  raises: '점수를 높임',
  lowers: '점수를 낮춤',
};
