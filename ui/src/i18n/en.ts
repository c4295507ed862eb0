// Every text of the page, in English. The type of this object is what the other languages must fill.

import { queueEn } from './alerts.en';
import { liveEn } from './live.en';
import { modelsEn } from './models.en';
import { pipelinesEn } from './pipelines.en';
import { sessionEn } from './session.en';
import { systemEn } from './system.en';
import { transactionEn } from './transaction.en';

export const en = {
  skip: 'Skip to the content',
  navigation: 'Views',
  views: { live: 'Live', alerts: 'Alerts', models: 'Models', pipelines: 'Pipelines', system: 'System' },
  asking: 'Asking the service…',
  slow: 'The service takes long to answer. Still waiting…',
  problems: {
    unreachable: 'The service does not answer.',
    refused: 'The service refused this.',
    failed: 'Something went wrong in the service.',
    byStatus: {
      400: 'The service could not read this.',
      401: 'You are not signed in any more.',
      403: 'Your role does not allow this.',
      404: 'It is not there any more.',
      409: 'That is not possible as things are now.',
      413: 'That is too large.',
      415: 'The service does not take this kind of content.',
      422: 'The service does not accept this.',
      429: 'Too many requests. Try again in a moment.',
      500: 'Something went wrong in the service.',
      502: 'The service does not answer at the moment.',
      503: 'The service is busy or just starting. Try again in a moment.',
    } as Readonly<Record<number, string>>,
  },
  askFailed: 'The service gave no answer to this.',
  askFailedAgain: 'The service does not answer any more; what you see is from before.',
  live: liveEn,
  models: modelsEn,
  pipelines: pipelinesEn,
  queue: queueEn,
  session: sessionEn,
  system: systemEn,
  transaction: transactionEn,
  tagline: 'Card fraud detection',
  language: 'Language',
  theme: 'Appearance',
  themes: { auto: 'System', light: 'Light', dark: 'Dark' },

  connection: { connecting: 'Connecting', live: 'Live', lost: 'Connection lost' },
  paused: 'Paused',
  pause: 'Pause',
  resume: 'Resume',
  newWhilePaused: (count: string) => `${count} new`,
  connectingText: 'Connecting to the service…',
  lostText: 'The service does not answer. Trying again by itself; what you see is from before.',
  lastHeard: (time: string) => `Last heard at ${time}.`,
  model: 'Model',
  noModel: 'none',
  noModelTitle: 'No model is loaded.',
  noModelText:
    'Every transaction is approved with score 0. Train a model and start the service with it:',
  version: (version: string) => `haechi ${version}`,
  uptime: 'Up for',

  overview: 'Overview',
  transactions: 'Transactions',
  approved: 'Approved',
  inReview: 'Review',
  declined: 'Declined',
  fraudsLabelled: 'Labelled frauds',
  ofLabels: (count: string) => `of ${count} labels`,
  rate: 'Rate',
  rateNote: 'transactions a second',
  latency: 'Latency',
  latencyNote: (p99: string) => `median · p99 ${p99}`,
  cardsAndMerchants: (cards: string, merchants: string) => `${cards} cards, ${merchants} merchants`,

  charts: 'Charts',
  ratesTitle: 'Transactions and alerts per second',
  ratesSummary: (transactions: string, alerts: string) =>
    `Last second: ${transactions} transactions, ${alerts} alerts.`,
  ratesAxis: 'Transactions/s',
  alertsAxis: 'Alerts/s',
  scoresTitle: 'Scores',
  scoresNote: (count: string) => `latest ${count} received, log scale`,
  scoresSummary: (below: string, above: string) =>
    `${below} below the review threshold, ${above} at or above it.`,
  count: 'Count',
  threshold: 'Threshold',

  latest: 'Latest transactions',
  latestNote: (count: string) => `${count} shown`,
  alerts: 'Alerts',
  alertsNote: 'Transactions to review or declined',
  noAlerts: 'No alerts so far.',
  empty: 'No transactions yet',
  emptyText: 'Start a stream and they appear here as they are scored:',
  columns: {
    time: 'Time (UTC)',
    card: 'Card',
    merchant: 'Merchant',
    category: 'Category',
    amount: 'Amount',
    score: 'Score',
    decision: 'Decision',
    actual: 'Actual',
  },
  decision: { approve: 'Approve', review: 'Review', decline: 'Decline' },
  actual: { fraud: 'Fraud', genuine: 'Genuine', unknown: 'Not labelled yet' },
  cardEnding: (digits: string) => `Card ending ${digits}`,
  reasons: 'Strongest reasons',
  raises: 'raises the score',
  lowers: 'lowers the score',
};

export type Texts = typeof en;
