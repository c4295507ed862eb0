// The shapes of the service's answers about alerts: the queue, one alert with its case, the audit trail.

import type { CaseStatus, StoredTransaction, Transaction } from './types';

/** An alert as the queue lists it. */
export interface AlertItem extends Transaction {
  /** Score times amount: what is lost on average if nothing is done. */
  readonly expected_loss: number;
  readonly status: CaseStatus;
  /** null for nobody. */
  readonly assignee: string | null;
  /** How many. */
  readonly notes: number;
  /** When the case was changed last; null where nobody has touched it. */
  readonly changed: string | null;
  /** The label that the decision became cannot be sent yet; it is as soon as may be. */
  readonly label_waits?: boolean;
}

export type Counts = Readonly<Record<CaseStatus, number>>;

export interface AlertPage {
  readonly alerts: readonly AlertItem[];
  /** To ask on with; null at the end. */
  readonly next: string | null;
  readonly counts: Counts;
}

export interface Note {
  readonly time: string;
  readonly by: string;
  readonly text: string;
}

/** What the queue's alert and the whole one have in common. */
export type AlertFacts = Omit<AlertItem, 'notes'>;

/** An entry of the audit trail, as far as it is about the alert itself. */
export interface HistoryEntry {
  readonly seq: number;
  readonly time: string;
  readonly by: string;
  readonly action: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly text: string | null;
}

/** One alert in full. */
export interface AlertShown extends StoredTransaction, Omit<AlertItem, keyof Transaction | 'notes'> {
  readonly notes: readonly Note[];
  readonly history: readonly HistoryEntry[];
}

export interface AuditEntry extends HistoryEntry {
  readonly role: string | null;
  readonly subject: string | null;
  readonly hash: string;
}

/** What is asked to be changed of a case; `expected` is what it has to be before. */
export interface CaseChange {
  readonly status?: CaseStatus;
  readonly assignee?: string | null;
  readonly note?: string;
  readonly expected?: { readonly status?: CaseStatus; readonly assignee?: string | null };
}

export function alertPath(number: string): string {
  return `/v1/alerts/${encodeURIComponent(number)}`;
}
