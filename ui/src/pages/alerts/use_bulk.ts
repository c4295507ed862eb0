// Several alerts changed together: each by a request of its own, so that each has its entry in the audit
// trail and is refused for itself.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { AlertItem, CaseChange } from '../../api/alerts';
import { ServiceError } from '../../api/client';
import { extended, noSelection, selectedAll, toggled, without, type Selection } from '../../state/selection';
import type { Outcome } from './use_queue';

/** What several requests came to. */
export interface BulkOutcome {
  readonly done: readonly string[];
  readonly conflicts: readonly string[];
  /** Those that were not asked for any more are among them. */
  readonly failed: readonly string[];
  /** Of the last that failed. */
  readonly error: Error | null;
}

export interface Request {
  readonly number: string;
  readonly change: CaseChange;
}

type Change = (number: string, change: CaseChange) => Promise<Outcome>;

/** Of who asks or of how much: what refuses one alert for it refuses the next one too. */
const NOT_OF_THE_ALERT: ReadonlySet<number> = new Set([401, 403, 408, 429]);

/** Whether a failure is one alert's own, so that the next one may still be changed. */
function isOwn(error: Error): boolean {
  return error instanceof ServiceError && error.status < 500 && !NOT_OF_THE_ALERT.has(error.status);
}

/**
 * One after the other: the service is asked for no more at once than by a fast hand. It ends early once
 * `goesOn` says no, or a failure is not of one alert alone.
 */
export async function changeEach(
  requests: readonly Request[],
  change: Change,
  goesOn: () => boolean,
  onDone: (count: number) => void,
): Promise<BulkOutcome> {
  const done: string[] = [];
  const conflicts: string[] = [];
  const failed: string[] = [];
  let error: Error | null = null;
  for (const [i, request] of requests.entries()) {
    if ((error && !isOwn(error)) || !goesOn()) {
      failed.push(request.number);
      continue;
    }
    const outcome = await change(request.number, request.change);
    if (outcome.kind === 'done') done.push(request.number);
    else if (outcome.kind === 'conflict') conflicts.push(request.number);
    else {
      failed.push(request.number);
      error = outcome.error;
    }
    onDone(i + 1);
  }
  return { done, conflicts, failed, error };
}

export interface Bulk {
  /** Those selected that are in the list, in its order. */
  readonly selected: readonly AlertItem[];
  readonly busy: { readonly done: number; readonly all: number } | null;
  isSelected(number: string): boolean;
  /** With `range`, all from the one selected last. */
  toggle(number: string, range: boolean): void;
  selectAll(): void;
  clear(): void;
  unselect(numbers: readonly string[]): void;
  /** Makes the changes, unless the page is left meanwhile; it selects nothing and takes nothing out. */
  run(requests: readonly Request[]): Promise<BulkOutcome>;
}

export function useBulk(rows: readonly AlertItem[], filter: unknown, change: Change): Bulk {
  const [selection, setSelection] = useState<Selection>(noSelection);
  const [busy, setBusy] = useState<Bulk['busy']>(null);
  const now = useRef(rows);
  now.current = rows;
  const here = useRef(true);
  useEffect(() => () => void (here.current = false), []);
  // What another filter leaves out of sight is not to be changed with what is seen.
  useLayoutEffect(() => setSelection(noSelection), [filter]);
  const toggle = useCallback((number: string, range: boolean): void => {
    const shown = now.current.map((row) => row.trans_num);
    setSelection((was) => (range ? extended(was, number, shown) : toggled(was, number)));
  }, []);
  return {
    selected: rows.filter((row) => selection.numbers.has(row.trans_num)),
    busy,
    isSelected: (number) => selection.numbers.has(number),
    toggle,
    selectAll: () => setSelection(selectedAll(rows.map((row) => row.trans_num))),
    clear: () => setSelection(noSelection),
    unselect: (numbers) => setSelection((was) => without(was, numbers)),
    run: async (requests) => {
      const all = requests.length;
      setBusy({ done: 0, all });
      const outcome = await changeEach(requests, change, () => here.current, (done) => setBusy({ done, all }));
      setBusy(null);
      return outcome;
    },
  };
}
