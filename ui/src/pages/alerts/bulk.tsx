// What can be done with the alerts that are selected, in a bar above the list.

import type { JSX } from 'preact';

import { useLocale } from '../../context';
import { AssignTo } from './assign';
import { Confirm } from './question';
import { OutcomeLines } from './said';
import { StatusShape } from './status';
import type { Bulk } from './use_bulk';
import type { Work } from './use_work';

const DECISIONS = ['in_review', 'fraud', 'not_fraud'] as const;

interface BulkBarProps {
  readonly bulk: Bulk;
  readonly shown: number;
  readonly people: readonly string[];
  readonly work: Work;
  /** Where the focus goes from a button that is there no more. */
  focusRow(): void;
}

function Selected({ bulk, shown, people, work, focusRow }: BulkBarProps): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.queue;
  const { busy } = bulk;
  const count = bulk.selected.length;
  const andBack = (action: () => void) => (): void => {
    focusRow();
    action();
  };
  return (
    <>
      <div class="bulk-line">
        <b>
          {busy ? words.bulkBusy(format.integer(busy.done), format.integer(busy.all)) : words.selected(format.integer(count))}
        </b>
        {count < shown && (
          <button type="button" class="plain" disabled={busy !== null} onClick={andBack(bulk.selectAll)}>
            {words.selectAll(format.integer(shown))}
          </button>
        )}
        <button type="button" class="plain" disabled={busy !== null} onClick={andBack(bulk.clear)}>
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
            onClick={() => work.decideMany(status)}
          >
            <StatusShape status={status} />
            {words.status[status]}
          </button>
        ))}
        <AssignTo
          people={people}
          disabled={busy !== null}
          onAssign={(name) => {
            focusRow();
            work.assignMany(name);
          }}
        />
      </div>
      {work.question?.many && <Confirm question={work.question} onYes={work.confirm} onCancel={work.cancel} />}
    </>
  );
}

export function BulkBar(props: BulkBarProps): JSX.Element {
  const { bulk, work } = props;
  const { texts, format } = useLocale();
  const words = texts.queue;
  const { busy } = bulk;
  const count = bulk.selected.length;
  const chosen = count > 0 ? words.selected(format.integer(count)) : '';
  return (
    <div class={`bulk ${count > 0 ? 'some' : ''}`} role="group" aria-label={words.selectedOnes} aria-busy={busy !== null}>
      {count > 0 && <Selected {...props} />}
      <div class="bulk-said">
        <OutcomeLines said={work.said?.of === null ? work.said : null} onUndo={work.undo} />
        {/* For the ear: how many, and that saving has begun; its end is the outcome. */}
        <p class="hidden" role="status">
          {busy ? words.saving(format.integer(busy.all)) : chosen}
        </p>
      </div>
    </div>
  );
}
