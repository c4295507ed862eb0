// The queue of alerts as the page knows it, and how each message changes it. Pure. Rows never move
// under the hand: what arrives is counted until it is asked for, and a row that the filter would no
// longer let through stays where it is until then. Every list has a limit.

import type { AlertItem, AlertPage, AlertShown, CaseChange, Counts } from '../api/alerts';
import type { CaseBatch } from '../api/types';

export const QUEUE_ROWS_MAX = 1_000;
/** New alerts that are told apart; over that there are "more than". */
export const ARRIVED_MAX = 500;

export interface Queue {
  /** null before the first answer. */
  readonly rows: readonly AlertItem[] | null;
  /** To ask on with; null at the end of the queue. */
  readonly next: string | null;
  readonly counts: Counts | null;
  /** The numbers of alerts that belong into the queue and are not shown yet. */
  readonly arrived: readonly string[];
  /** The alert that is open beside the queue; it need not be in it. */
  readonly opened: AlertShown | null;
  /** Of what is open, that its case has changed since it was asked for: its history is an old one. */
  readonly stale: boolean;
  /** Cases whose change is on its way: what they were before. */
  readonly saving: ReadonlyMap<string, CaseState>;
}

/** What can change of a case. */
export type CaseState = Pick<AlertItem, 'status' | 'assignee' | 'changed'>;

export const noQueue: Queue = {
  rows: null,
  next: null,
  counts: null,
  arrived: [],
  opened: null,
  stale: false,
  saving: new Map(),
};

export type QueueMessage =
  /** The first page, asked for anew. */
  | { readonly kind: 'page'; readonly page: AlertPage }
  /** The page after the last one. */
  | { readonly kind: 'more'; readonly page: AlertPage }
  /** The first page again, asked for quietly: rows are brought up to date and none moves. */
  | { readonly kind: 'again'; readonly page: AlertPage }
  /** Alerts of the stream that the filter lets through. */
  | { readonly kind: 'arrived'; readonly numbers: readonly string[] }
  /** Cases that somebody changed. */
  | { readonly kind: 'cases'; readonly items: CaseBatch['items'] }
  | { readonly kind: 'opened'; readonly alert: AlertShown }
  /** A change that was asked for; shown before the service has answered. */
  | { readonly kind: 'asked'; readonly number: string; readonly change: CaseChange }
  /** `chosen`: it is the one beside the list by now. */
  | { readonly kind: 'saved'; readonly alert: AlertShown; readonly chosen: boolean }
  /** The change came to nothing: the case is as the service says, or as it was before. */
  | {
      readonly kind: 'refused';
      readonly number: string;
      readonly actual: AlertShown | null;
      readonly chosen: boolean;
    };

export function reduceQueue(queue: Queue, message: QueueMessage): Queue {
  switch (message.kind) {
    case 'page':
      return withPage(queue, message.page);
    case 'more':
      return withMore(queue, message.page);
    case 'again':
      return withAgain(queue, message.page);
    case 'arrived':
      return withArrived(queue, message.numbers);
    case 'cases':
      return message.items.reduce(
        (was, item) => withCase({ ...was, stale: isStale(was, [item]) }, item.trans_num, item),
        queue,
      );
    case 'opened':
      return withOpened(queue, message.alert);
    case 'asked':
      return withAsked(queue, message.number, message.change);
    case 'saved':
      return withAnswer(settled(queue, message.alert.trans_num), message.alert, message.chosen);
    case 'refused':
      return withRefused(queue, message.number, message.actual, message.chosen);
  }
}

function startOf(page: AlertPage): Pick<Queue, 'next' | 'counts'> {
  return { next: page.next, counts: page.counts };
}

/** Whether what is open is older than these rows say. */
function isStale(queue: Queue, rows: readonly Pick<AlertItem, 'trans_num' | 'changed'>[]): boolean {
  const { opened, stale } = queue;
  const row = rows.find((one) => one.trans_num === opened?.trans_num);
  return stale || (row !== undefined && row.changed !== opened?.changed);
}

function withPage(queue: Queue, page: AlertPage): Queue {
  const rows = page.alerts.map((row) => kept(queue, row));
  return { ...queue, ...startOf(page), arrived: [], rows, stale: isStale(queue, page.alerts) };
}

/** A row as it is shown: of one whose change is on its way, what was asked for stays in sight. */
function kept(queue: Queue, row: AlertItem): AlertItem {
  if (!queue.saving.has(row.trans_num)) return row;
  const shown =
    queue.rows?.find((known) => known.trans_num === row.trans_num) ??
    (queue.opened?.trans_num === row.trans_num ? queue.opened : null);
  return shown ? { ...row, status: shown.status, assignee: shown.assignee } : row;
}

function numbersOf(rows: readonly AlertItem[] | null): ReadonlySet<string> {
  return new Set(rows?.map((row) => row.trans_num));
}

/** An alert may have moved from one page to the next between the two: it is shown once. */
function withMore(queue: Queue, page: AlertPage): Queue {
  const known = numbersOf(queue.rows);
  const more = page.alerts.filter((row) => !known.has(row.trans_num)).map((row) => kept(queue, row));
  const rows = [...(queue.rows ?? []), ...more].slice(0, QUEUE_ROWS_MAX);
  const shown = numbersOf(rows);
  return {
    ...queue,
    ...startOf(page),
    rows,
    next: rows.length < QUEUE_ROWS_MAX ? page.next : null,
    arrived: queue.arrived.filter((number) => !shown.has(number)),
  };
}

function withAgain(queue: Queue, page: AlertPage): Queue {
  const fresh = new Map(page.alerts.map((row) => [row.trans_num, row]));
  const rows = queue.rows?.map((row) => {
    const now = fresh.get(row.trans_num);
    return now ? kept(queue, now) : row;
  });
  const unseen = page.alerts.map((row) => row.trans_num);
  const stale = isStale(queue, page.alerts);
  return withArrived({ ...queue, counts: page.counts, rows: rows ?? null, stale }, unseen);
}

function withArrived(queue: Queue, numbers: readonly string[]): Queue {
  const known = new Set([...numbersOf(queue.rows), ...queue.arrived]);
  const unseen = [...new Set(numbers)].filter((number) => !known.has(number));
  if (unseen.length === 0) return queue;
  return { ...queue, arrived: [...queue.arrived, ...unseen].slice(0, ARRIVED_MAX) };
}

/** Counts follow a row whose status changes in front of the reader. */
function withCase(queue: Queue, number: string, now: Partial<CaseState>): Queue {
  const row = queue.rows?.find((known) => known.trans_num === number);
  const opened = queue.opened?.trans_num === number ? queue.opened : null;
  const was = row ?? opened;
  if (!was) return queue;
  const counts = now.status === undefined ? queue.counts : moved(queue.counts, was.status, now.status);
  return {
    ...queue,
    counts,
    rows: row ? queue.rows!.map((known) => (known === row ? { ...row, ...stateOf(now) } : known)) : queue.rows,
    // When it changed stays as it was asked for: its history is of then.
    opened: opened ? { ...opened, ...stateOf(now), changed: opened.changed } : queue.opened,
  };
}

/** Of what was sent, what a case can change; nothing else of an event gets into a row. */
function stateOf(now: Partial<CaseState>): Partial<CaseState> {
  return {
    ...(now.status === undefined ? {} : { status: now.status }),
    ...(now.assignee === undefined ? {} : { assignee: now.assignee }),
    ...(now.changed === undefined ? {} : { changed: now.changed }),
  };
}

function moved(counts: Counts | null, from: keyof Counts, to: keyof Counts): Counts | null {
  if (!counts || from === to) return counts;
  return { ...counts, [from]: Math.max(0, counts[from] - 1), [to]: counts[to] + 1 };
}

/** What the service answers to a change: another alert that is open stays so, with what is being written of it. */
function withAnswer(queue: Queue, alert: AlertShown, chosen: boolean): Queue {
  if (chosen || queue.opened?.trans_num === alert.trans_num) return withOpened(queue, alert);
  const { opened, stale } = queue;
  return { ...withOpened(queue, alert), opened, stale };
}

/** The alert as the service has it now, beside the queue and in it. */
function withOpened(queue: Queue, alert: AlertShown): Queue {
  const saving = queue.saving.has(alert.trans_num);
  const before = queue.opened?.trans_num === alert.trans_num ? queue.opened : null;
  const row = queue.rows?.find((known) => known.trans_num === alert.trans_num);
  const shown = saving ? (before ?? row) : null;
  const opened = shown ? { ...alert, status: shown.status, assignee: shown.assignee } : alert;
  const { status, assignee, changed } = opened;
  const { is_fraud, notes, label_waits = false } = alert;
  const counts = row ? moved(queue.counts, row.status, status) : queue.counts;
  const rows = queue.rows?.map((known) =>
    known === row ? { ...row, status, assignee, changed, is_fraud, notes: notes.length, label_waits } : known,
  );
  return { ...queue, counts, opened, rows: rows ?? null, stale: false };
}

function withAsked(queue: Queue, number: string, change: CaseChange): Queue {
  const was =
    queue.rows?.find((row) => row.trans_num === number) ??
    (queue.opened?.trans_num === number ? queue.opened : null);
  if (!was) return queue;
  const { status, assignee, changed } = was;
  const saving = new Map(queue.saving);
  if (!saving.has(number)) saving.set(number, { status, assignee, changed });
  return { ...withCase(queue, number, stateOf(change)), saving };
}

function settled(queue: Queue, number: string): Queue {
  const saving = new Map(queue.saving);
  return saving.delete(number) ? { ...queue, saving } : queue;
}

function withRefused(queue: Queue, number: string, actual: AlertShown | null, chosen: boolean): Queue {
  const before = queue.saving.get(number);
  const open = settled(queue, number);
  if (actual) return withAnswer(open, actual, chosen);
  return before ? withCase(open, number, before) : open;
}

/** The row `steps` after the one of `number` (before it where negative), held within the list. */
export function neighbourOf(
  rows: readonly AlertItem[],
  number: string | null,
  steps: number,
): AlertItem | undefined {
  const at = rows.findIndex((row) => row.trans_num === number);
  if (at < 0) return rows[steps > 0 ? 0 : rows.length - 1];
  return rows[Math.min(rows.length - 1, Math.max(0, at + steps))];
}

/** Who made the case what it is: of the last entry of its history. */
export function changedBy(alert: AlertShown): string | null {
  const last = alert.history.reduce<AlertShown['history'][number] | null>(
    (latest, entry) => (latest && latest.seq > entry.seq ? latest : entry),
    null,
  );
  return last?.by ?? null;
}
