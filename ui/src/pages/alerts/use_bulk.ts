// Several alerts changed together: each by a request of its own, so that each has its entry in the audit
// trail and is refused for itself; and the last decision, which can be taken back.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import type { AlertItem, CaseChange } from '../../api/alerts';
import type { CaseStatus } from '../../api/types';
import { extended, noSelection, selectedAll, toggled, type Selection } from '../../state/selection';
import type { Outcome } from './use_queue';

/** What several requests came to. */
export interface BulkOutcome {
  readonly done: readonly string[];
  readonly conflicts: readonly string[];
  readonly failed: readonly string[];
  /** Of the last that failed. */
  readonly error: Error | null;
}

export interface Step {
  readonly number: string;
  readonly change: CaseChange;
}

type Change = (number: string, change: CaseChange) => Promise<Outcome>;

/** One after the other: the service is asked for no more at once than by a fast hand. */
export async function changeEach(
  steps: readonly Step[],
  change: Change,
  onDone: (count: number) => void,
): Promise<BulkOutcome> {
  const done: string[] = [];
  const conflicts: string[] = [];
  const failed: string[] = [];
  let error: Error | null = null;
  for (const [i, step] of steps.entries()) {
    const outcome = await change(step.number, step.change);
    if (outcome.kind === 'done') done.push(step.number);
    else if (outcome.kind === 'conflict') conflicts.push(step.number);
    else {
      failed.push(step.number);
      error = outcome.error;
    }
    onDone(i + 1);
  }
  return { done, conflicts, failed, error };
}

/** A decision as it was made, to be taken back. */
export interface Decided {
  readonly number: string;
  readonly from: CaseStatus;
  readonly to: CaseStatus;
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
  /** Makes the changes; those that came to something are selected no more. */
  run(steps: readonly Step[]): Promise<BulkOutcome>;
}

export function useBulk(rows: readonly AlertItem[], filter: unknown, change: Change): Bulk {
  const [selection, setSelection] = useState<Selection>(noSelection);
  const [busy, setBusy] = useState<Bulk['busy']>(null);
  const now = useRef(rows);
  now.current = rows;
  // What another filter leaves out of sight is not to be changed with what is seen.
  useEffect(() => setSelection(noSelection), [filter]);
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
    run: async (steps) => {
      setBusy({ done: 0, all: steps.length });
      const outcome = await changeEach(steps, change, (done) => setBusy({ done, all: steps.length }));
      setBusy(null);
      const left = new Set([...outcome.conflicts, ...outcome.failed]);
      setSelection({ numbers: left, last: null });
      return outcome;
    },
  };
}
