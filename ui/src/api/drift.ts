// The shape of the service's answer about drift.

export type Reading = 'none' | 'some' | 'much' | 'unknown';

/** Shares of the bins, null where there is nothing to count. */
export interface Shares {
  readonly bins: readonly (number | null)[];
  readonly missing: number | null;
}

export interface DriftRow {
  /** Absent of the score. */
  readonly feature?: string;
  readonly psi: number | null;
  readonly reading: Reading;
  /** A value is in bin i when it is over edges[i-1] and not over edges[i]. */
  readonly edges: readonly number[];
  readonly expected: Shares;
  readonly actual: Shares;
}

export interface Drift {
  readonly transactions: number;
  readonly transactions_min: number;
  readonly from?: string;
  readonly to?: string;
  readonly score: DriftRow;
  /** The greatest index first. */
  readonly features: readonly DriftRow[];
}
