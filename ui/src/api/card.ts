// The shapes of the service's answers about the card of a transaction, and about an alert's case.

import type { CaseStatus, Decision } from './types';

export interface CardTransaction {
  readonly trans_num: string;
  readonly time: string;
  readonly merchant: string;
  readonly category: string;
  readonly amount: number;
  readonly score: number;
  readonly decision: Decision;
  readonly is_fraud: boolean | null;
  /** The card holder's home; null where it is not known, as of the merchant. */
  readonly lat: number | null;
  readonly long: number | null;
  readonly merch_lat: number | null;
  readonly merch_long: number | null;
  /** Of the one that was asked about. */
  readonly this?: boolean;
}

export interface CardHistory {
  /** Latest first. */
  readonly transactions: readonly CardTransaction[];
}

export interface CardShown {
  readonly card: string;
}

export interface Case {
  readonly status: CaseStatus;
  readonly assignee: string | null;
}
