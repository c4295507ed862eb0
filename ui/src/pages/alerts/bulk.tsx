// What can be done with the alerts that are selected, in a bar above the list.

import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

import type { CaseStatus } from '../../api/types';
import { useLocale } from '../../context';
import { AssignTo } from './assign';
import { StatusShape } from './status';
import type { Bulk } from './use_bulk';

const DECISIONS = ['in_review', 'fraud', 'not_fraud'] as const;

/** What came of the last changes, beside the list. */
export interface BulkSaid {
  readonly text: string;
  readonly good: boolean;
  readonly undo: boolean;
}

interface BulkBarProps {
  readonly bulk: Bulk;
  readonly shown: number;
  readonly people: readonly string[];
  readonly confirming: 'fraud' | 'not_fraud' | null;
  readonly said: BulkSaid | null;
  onDecide(status: CaseStatus): void;
  onCancel(): void;
  onAssign(name: string | null): void;
  onUndo(): void;
}

function Question({ bulk, confirming, onDecide, onCancel }: BulkBarProps): JSX.Element | null {
  const { texts, format } = useLocale();
  const words = texts.queue;
  const yes = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => yes.current?.focus(), [confirming]);
  if (!confirming) return null;
  const count = format.integer(bulk.selected.length);
  return (
    <div class={`confirm ${confirming}`} role="group" aria-labelledby="bulk-confirm">
      <p>
        <b id="bulk-confirm">{words.confirmMany[confirming](count, bulk.selected.length === 1)}</b> {words.confirmText}
      </p>
      <button type="button" class="main" ref={yes} onClick={() => onDecide(confirming)}>
        {words.confirmDo[confirming]}
      </button>
      <button type="button" onClick={onCancel}>
        {words.cancel}
      </button>
    </div>
  );
}

export function BulkBar(props: BulkBarProps): JSX.Element {
  const { bulk, said, shown } = props;
  const { texts, format } = useLocale();
  const words = texts.queue;
  const count = bulk.selected.length;
  const { busy } = bulk;
  return (
    <div class={`bulk ${count > 0 ? 'some' : ''}`} role="group" aria-label={words.selectedOnes} aria-busy={busy !== null}>
      {count > 0 && (
        <>
          <div class="bulk-line">
            <b role="status">
              {busy ? words.bulkBusy(format.integer(busy.done), format.integer(busy.all)) : words.selected(format.integer(count))}
            </b>
            {count < shown && (
              <button type="button" class="plain" disabled={busy !== null} onClick={bulk.selectAll}>
                {words.selectAll(format.integer(shown))}
              </button>
            )}
            <button type="button" class="plain" disabled={busy !== null} onClick={bulk.clear}>
              {words.selectNone}
            </button>
          </div>
          <div class="bulk-line decide">
            {DECISIONS.map((status) => (
              <button
                type="button"
                key={status}
                class={`status ${status}`}
                disabled={busy !== null}
                onClick={() => props.onDecide(status)}
              >
                <StatusShape status={status} />
                {words.status[status]}
              </button>
            ))}
            <AssignTo people={props.people} disabled={busy !== null} onAssign={props.onAssign} />
          </div>
          <Question {...props} />
        </>
      )}
      {said && (
        <p class={said.good ? 'done' : 'bad'} role={said.good ? 'status' : 'alert'}>
          {said.text}{' '}
          {said.undo && (
            <button type="button" class="plain" onClick={props.onUndo}>
              {words.undo}
            </button>
          )}
        </p>
      )}
    </div>
  );
}
