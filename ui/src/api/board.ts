// The shape of the service's answer about a range of time: GET /v1/board.

export const RANGES = ['1h', '24h', '7d', 'all'] as const;
export type Range = (typeof RANGES)[number];

export interface MerchantRow {
  readonly merchant: string;
  readonly transactions: number;
  readonly frauds: number;
  readonly amount: number;
}

export interface AmountBucket {
  readonly from: number;
  /** null of the last, which has no end. */
  readonly to?: number | null;
  readonly transactions: number;
  readonly frauds: number;
}

export interface CategoryRow {
  readonly category: string;
  readonly transactions: number;
  readonly frauds: number;
}

/** Of the card holders who live in a cell of one degree; its middle. */
export interface Place {
  readonly lat: number;
  readonly long: number;
  readonly transactions: number;
  readonly frauds: number;
  readonly alerts: number;
}

/** Alerts against the labels that have come; precision and recall are null where nothing is known yet. */
export interface Hits {
  readonly true_positives: number;
  readonly false_positives: number;
  readonly false_negatives: number;
  readonly true_negatives: number;
  readonly precision: number | null;
  readonly recall: number | null;
}

/** Of the transactions whose label has come. */
export interface Quality extends Hits {
  readonly labelled: number;
  /** Money. */
  readonly fraud_caught: number;
  readonly fraud_missed: number;
}

/** Frauds are those that are labelled so, by the latest label. */
export interface Board {
  readonly window: Range;
  readonly from: string | null;
  readonly to: string | null;
  readonly transactions: number;
  readonly frauds: number;
  readonly not_frauds: number;
  readonly unlabelled: number;
  readonly alerts: number;
  readonly alert_rate: number | null;
  readonly merchants: readonly MerchantRow[];
  readonly fraud_merchants: readonly MerchantRow[];
  readonly amounts: readonly AmountBucket[];
  readonly categories: readonly CategoryRow[];
  readonly places: readonly Place[];
  readonly quality: Quality;
  /** Of a model of several members; null of one alone. */
  readonly agreement: {
    readonly alerts_any: number;
    readonly alerts_all: number;
    readonly rate: number | null;
  } | null;
}
