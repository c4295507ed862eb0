// The shapes of the service's HTTP API, as far as the page reads them.

import type { Language } from '../i18n';

export type Decision = 'approve' | 'review' | 'decline';

/** What one feature added to a transaction's score, in log-odds. */
export interface Reason {
  readonly feature: string;
  /** null when the feature was unknown for this transaction. */
  readonly value: number | null;
  readonly contribution: number;
  /** The reason in words; reasons that were kept before there were any have none. */
  readonly text?: Readonly<Record<Language, string>>;
}

export interface Transaction {
  readonly trans_num: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Masked but for its last four digits. */
  readonly card: string;
  readonly merchant: string;
  readonly category: string;
  readonly amount: number;
  /** Probability of fraud, 0 to 1. */
  readonly score: number;
  readonly decision: Decision;
  /** null until a label has arrived. */
  readonly is_fraud: boolean | null;
  readonly reasons: readonly Reason[];
}

/** A transaction with all that was answered to it. */
export interface StoredTransaction extends Transaction {
  readonly model: { readonly name: string; readonly version: string };
  /** Of a model of several members. */
  readonly members?: readonly {
    readonly kind: string;
    readonly score: number;
    readonly alert: boolean;
  }[];
  /** The share of the members that decide as the model does. */
  readonly agreement?: number;
  /** Earlier transactions of the card, of an alert of a model with a network. */
  readonly neighbours?: readonly {
    readonly time: string;
    /** null of one of more than 30 days ago; so is the amount. */
    readonly merchant: string | null;
    readonly amount: number | null;
    readonly contribution: number | null;
  }[];
}

export interface ModelInfo {
  readonly name: string;
  readonly version: string;
  /** Score from which a transaction is reviewed. */
  readonly threshold: number;
  /** Score from which it is declined. */
  readonly decline_threshold: number;
}

/** Counts are since the service's data began; latencies are microseconds. */
export interface Stats {
  readonly version: string;
  readonly uptime_seconds: number;
  readonly transactions: number;
  readonly labels: number;
  readonly frauds_labelled: number;
  readonly verdicts: Readonly<Record<Decision, number>>;
  readonly rate_per_second: number;
  readonly latency_us: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly cards: number;
  readonly merchants: number;
  readonly model: ModelInfo | null;
  /** Of all transactions; null before the first. */
  readonly alert_rate?: number | null;
  /** Messages not yet taken from Kafka; absent where it is not in use. */
  readonly kafka?: { readonly partitions: number; readonly lag: number };
  /** Events not yet written on to Neo4j; absent where it is not in use. */
  readonly neo4j?: { readonly up: boolean; readonly behind: number };
}

/** One batch of the stream: some of the latest decisions, and how many were left out of it. */
export interface DecisionBatch {
  readonly items: readonly Transaction[];
  readonly left_out: number;
}

export interface LabelBatch {
  readonly items: readonly { readonly trans_num: string; readonly is_fraud: boolean }[];
}

/** Where an alert stands: `open` when nobody has touched it. */
export type CaseStatus = 'open' | 'in_review' | 'fraud' | 'not_fraud';

export interface CaseBatch {
  readonly items: readonly {
    readonly trans_num: string;
    readonly status: CaseStatus;
    readonly assignee: string | null;
    readonly changed: string | null;
  }[];
}
