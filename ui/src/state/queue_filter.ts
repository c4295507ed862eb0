// Which alerts the queue holds and in which order: as a question to the service, and, for alerts that
// the stream brings, as the same question answered here.

import type { AlertItem } from '../api/alerts';
import type { CaseStatus } from '../api/types';

export const STATUSES: readonly CaseStatus[] = ['open', 'in_review', 'fraud', 'not_fraud'];
export const ASSIGNEES = ['anyone', 'mine', 'unassigned'] as const;
export const ORDERS = ['expected_loss', 'time', 'score'] as const;
export const DECISIONS = ['any', 'decline', 'review'] as const;

export const SINCES = ['all', 'today', '24h', '7d'] as const;

export interface QueueFilter {
  /** Those shown; none of them means all. */
  readonly statuses: readonly CaseStatus[];
  /** They are all because of the search, and go with it. */
  readonly widened: boolean;
  readonly assignee: (typeof ASSIGNEES)[number];
  readonly decision: (typeof DECISIONS)[number];
  /** The least amount; null for any. */
  readonly minAmount: number | null;
  /** From when on, by the transaction's own time. */
  readonly since: (typeof SINCES)[number];
  /** The beginning of a transaction's number, a part of a merchant's name, a card's last four digits. */
  readonly text: string;
  readonly order: (typeof ORDERS)[number];
}

/** As cards have them. */
const CARD_NUMBER = /^\d{12,19}$/;
/** More digits than a card's last four may be a whole number that is still being typed. */
const DIGITS_ALONE = /^\d{5,}$/;
/** So long after the last key a text counts as typed; of digits alone, longer: hands rest between groups of them. */
const TYPED_MS = 250;
const DIGITS_TYPED_MS = 1_500;

export const firstFilter: QueueFilter = {
  statuses: ['open', 'in_review'],
  widened: false,
  assignee: 'anyone',
  decision: 'any',
  minAmount: null,
  since: 'all',
  text: '',
  order: 'expected_loss',
};

/** Card numbers are typed in groups. */
function joined(typed: string): string {
  return typed.trim().replace(/[\s-]/g, '');
}

/** What of a typed text is searched for: of a whole card number its last four digits, and no more is kept. */
export function searchedFor(typed: string): string {
  const digits = joined(typed);
  return CARD_NUMBER.test(digits) ? digits.slice(-4) : typed;
}

/** After how many milliseconds without a key a text is searched for. */
export function restMs(typed: string): number {
  return DIGITS_ALONE.test(joined(typed)) ? DIGITS_TYPED_MS : TYPED_MS;
}

export function isCardNumber(typed: string): boolean {
  return searchedFor(typed) !== typed;
}

function sameStatuses(a: readonly CaseStatus[], b: readonly CaseStatus[]): boolean {
  return a.join() === b.join();
}

/**
 * The filter with what was typed. Who searches looks for what is decided, too, unless they chose which
 * statuses to see; with the end of the search those that wait are alone again.
 */
export function withText(filter: QueueFilter, typed: string): QueueFilter {
  const text = searchedFor(typed);
  const searches = text.trim() !== '';
  if (filter.widened && !searches) return { ...filter, text, statuses: firstFilter.statuses, widened: false };
  const begins = searches && filter.text.trim() === '';
  if (begins && sameStatuses(filter.statuses, firstFilter.statuses))
    return { ...filter, text, statuses: STATUSES, widened: true };
  return { ...filter, text };
}

/** How many of the filters that a narrow window folds away let less through. */
export function foldedFilters({ assignee, decision, minAmount, since }: QueueFilter): number {
  const less = [assignee !== 'anyone', decision !== 'any', minAmount !== null, since !== 'all'];
  return less.filter(Boolean).length;
}

const HOUR_MS = 3_600_000;

/** The first moment that the filter lets through, in milliseconds since the epoch; today is the browser's. */
export function sinceMs({ since }: Pick<QueueFilter, 'since'>, now: number): number | null {
  if (since === 'all') return null;
  if (since === 'today') return new Date(now).setHours(0, 0, 0, 0);
  return now - (since === '24h' ? 24 : 7 * 24) * HOUR_MS;
}

/** As the service reads it: to the second. */
function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The part of GET /v1/alerts' query that says the filter at `now`; `me` is the name of who asks. */
export function queryOf(filter: QueueFilter, me: string, now: number): string {
  const query = new URLSearchParams();
  const statuses = filter.statuses.length > 0 ? filter.statuses : STATUSES;
  query.set('status', statuses.join(','));
  if (filter.assignee === 'mine') query.set('assignee', me);
  if (filter.assignee === 'unassigned') query.set('assignee', '');
  if (filter.decision !== 'any') query.set('decision', filter.decision);
  if (filter.minAmount !== null) query.set('min_amount', String(filter.minAmount));
  const since = sinceMs(filter, now);
  if (since !== null) query.set('since', isoSeconds(since));
  const text = filter.text.trim();
  if (text !== '') query.set('q', text);
  query.set('order', filter.order);
  return query.toString();
}

/** Whether the filter lets an alert through. */
export function lets(
  filter: QueueFilter,
  me: string,
  now: number,
  alert: Pick<AlertItem, 'status' | 'assignee' | 'decision' | 'amount' | 'time' | 'trans_num' | 'merchant' | 'card'>,
): boolean {
  const { statuses, assignee, decision, minAmount } = filter;
  if (statuses.length > 0 && !statuses.includes(alert.status)) return false;
  if (assignee === 'mine' && alert.assignee !== me) return false;
  if (assignee === 'unassigned' && alert.assignee !== null) return false;
  if (decision !== 'any' && alert.decision !== decision) return false;
  if (minAmount !== null && alert.amount < minAmount) return false;
  const since = sinceMs(filter, now);
  if (since !== null && Date.parse(alert.time) < since) return false;
  const text = filter.text.trim().toLowerCase();
  return (
    text === '' ||
    alert.trans_num.toLowerCase().startsWith(text) ||
    alert.merchant.toLowerCase().includes(text) ||
    (text.length === 4 && alert.card.endsWith(text))
  );
}

/** A filter that was kept as text; the first one where it cannot be read. */
export function readFilter(kept: string | null): QueueFilter {
  let found: Partial<Record<keyof QueueFilter, unknown>>;
  try {
    found = (JSON.parse(kept ?? '{}') ?? {}) as typeof found;
  } catch {
    return firstFilter;
  }
  const one = <T>(values: readonly T[], value: unknown, otherwise: T): T =>
    values.includes(value as T) ? (value as T) : otherwise;
  const { statuses, minAmount, text } = found;
  return {
    statuses: Array.isArray(statuses)
      ? STATUSES.filter((status) => statuses.includes(status))
      : firstFilter.statuses,
    widened: found.widened === true,
    assignee: one(ASSIGNEES, found.assignee, firstFilter.assignee),
    decision: one(DECISIONS, found.decision, firstFilter.decision),
    minAmount: typeof minAmount === 'number' && minAmount >= 0 ? minAmount : null,
    since: one(SINCES, found.since, firstFilter.since),
    text: typeof text === 'string' ? text : '',
    order: one(ORDERS, found.order, firstFilter.order),
  };
}

const FILTER_KEY = 'haechi.queue';

/** Kept as long as the tab is: a search of yesterday would hide what is urgent today. */
export function savedFilter(): QueueFilter {
  try {
    return readFilter(sessionStorage.getItem(FILTER_KEY));
  } catch {
    return firstFilter; // storage is forbidden
  }
}

export function saveFilter(filter: QueueFilter): void {
  try {
    sessionStorage.setItem(FILTER_KEY, JSON.stringify(filter));
  } catch {
    // as above
  }
}

/** What somebody searched for is nothing to whoever comes next. */
export function forgetFilter(): void {
  try {
    sessionStorage.removeItem(FILTER_KEY);
  } catch {
    // as above
  }
}
