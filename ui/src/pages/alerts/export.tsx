// The queue as a file: all that the filters let through, a page after the other, with masked cards.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { AlertItem, AlertPage } from '../../api/alerts';
import { getJson } from '../../api/client';
import { useLocale } from '../../context';
import { asError, problemText } from '../../problem';
import { csvOf } from '../../state/csv';

const PAGE_ROWS = 500;
const EXPORT_ROWS_MAX = 20_000;

async function readAll(query: string, signal: AbortSignal): Promise<{ rows: AlertItem[]; cut: boolean }> {
  const rows = new Map<string, AlertItem>(); // one may move from page to page in between
  let next: string | null = null;
  do {
    const after: string = next === null ? '' : `&after=${encodeURIComponent(next)}`;
    const page: AlertPage = await getJson<AlertPage>(`/v1/alerts?${query}&limit=${PAGE_ROWS}${after}`, signal);
    for (const alert of page.alerts) rows.set(alert.trans_num, alert);
    next = page.next;
  } while (next !== null && rows.size < EXPORT_ROWS_MAX);
  const all = [...rows.values()];
  return { rows: all.slice(0, EXPORT_ROWS_MAX), cut: next !== null || all.length > EXPORT_ROWS_MAX };
}

function save(text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  link.download = `haechi-alerts-${new Date().toISOString().slice(0, 16).replace(/[T:]/g, '-')}.csv`;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** `query` is the queue's. */
export function ExportButton({ query }: { readonly query: string }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.queue;
  const [busy, setBusy] = useState(false);
  /** Of what was exported; under other filters it is not said any more. */
  const [said, setSaid] = useState({ of: query, text: '' });
  const abort = useRef(new AbortController());
  useEffect(() => () => abort.current.abort(), []);

  async function write(): Promise<void> {
    setBusy(true);
    const say = (text: string): void => setSaid({ of: query, text });
    say('');
    const { signal } = abort.current;
    try {
      const { rows, cut } = await readAll(query, signal);
      if (signal.aborted) return;
      save(csvOf(rows));
      const count = format.integer(rows.length);
      say(cut ? words.exportCut(count) : words.exported(count, rows.length === 1));
    } catch (error) {
      if (signal.aborted) return;
      say(`${words.notExported} ${problemText(asError(error), texts)}`);
    }
    setBusy(false);
  }

  return (
    <span class="export">
      <button type="button" class="plain" disabled={busy} title={words.exportNote} onClick={() => void write()}>
        {busy ? words.exporting : words.exportCsv}
      </button>{' '}
      <span class="quiet" role="status">
        {said.of === query && said.text}
      </span>
    </span>
  );
}
