// Alerts as a CSV file, for spreadsheets. Pure.

import type { AlertItem } from '../api/alerts';

const COLUMNS = [
  'trans_num',
  'time',
  'card',
  'merchant',
  'category',
  'amount',
  'score',
  'decision',
  'expected_loss',
  'status',
  'assignee',
  'notes',
  'changed',
  'is_fraud',
] as const satisfies readonly (keyof AlertItem)[];

/**
 * Where a text begins as a formula does, in full width too: at its start and after what some spreadsheets
 * separate by. These do not heed quotes within what is one field to them.
 */
const FORMULA = /(^|[;\t\r\n])(?=[=+\-@\t\r＝＋－＠])/g;

/** A text that a spreadsheet would take for a formula gets an apostrophe before it, which it hides. */
function field(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const text = value.replace(FORMULA, "$1'");
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/** With the mark by which spreadsheets know UTF-8. */
export function csvOf(alerts: readonly AlertItem[]): string {
  const lines = [COLUMNS.join(','), ...alerts.map((alert) => COLUMNS.map((name) => field(alert[name])).join(','))];
  return `\ufeff${lines.join('\r\n')}\r\n`;
}
