// What can be done with an alert.

import type { JSX } from 'preact';

import type { AlertItem } from '../../api/alerts';
import type { CaseStatus } from '../../api/types';
import { useLocale } from '../../context';
import { usePermission } from '../../session';
import { STATUSES } from '../../state/queue_filter';
import { AssignTo } from './assign';
import { Confirm } from './question';
import { StatusShape } from './status';
import type { Work } from './use_work';

const KEYS: Readonly<Partial<Record<CaseStatus, string>>> = { in_review: 'r', fraud: 'f', not_fraud: 'n' };

export interface ActionsProps {
  /** The case as it is shown, a change that is on its way included. */
  readonly now: Pick<AlertItem, 'status' | 'assignee'> | null;
  readonly me: string;
  /** To whom it can be assigned. */
  readonly people: readonly string[];
  readonly saving: boolean;
  readonly work: Work;
  onAssign(name: string | null): void;
}

function assignName(now: ActionsProps['now'], me: string, words: ReturnType<typeof useLocale>['texts']['queue']): string {
  if (now?.assignee === me) return words.release;
  return now?.assignee ? words.taken(now.assignee) : words.assignToMe;
}

export function Actions(props: ActionsProps): JSX.Element {
  const { now, me, saving, work, onAssign } = props;
  const words = useLocale().texts.queue;
  const { may, why } = usePermission('analyst');
  return (
    <div class="actions" aria-busy={saving}>
      <div class="decide" role="group" aria-label={words.decide}>
        {STATUSES.map((status) => (
          <button
            type="button"
            key={status}
            class={`status ${status}`}
            aria-pressed={now?.status === status}
            aria-keyshortcuts={KEYS[status]}
            disabled={!may}
            onClick={() => work.decideOne(status)}
          >
            <StatusShape status={status} />
            {words.status[status]}
            {KEYS[status] && <kbd aria-hidden="true">{KEYS[status]}</kbd>}
          </button>
        ))}
      </div>
      <div class="assign">
        <span class="quiet">{words.assigneeOf}</span> <b>{now?.assignee ?? words.nobody}</b>
        <button type="button" aria-keyshortcuts="a" disabled={!may} onClick={() => work.assignOne(now?.assignee === me ? null : me)}>
          {assignName(now, me, words)}
          <kbd aria-hidden="true">a</kbd>
        </button>
        {may && props.people.length > 1 && <AssignTo people={props.people} disabled={false} onAssign={onAssign} />}
      </div>
      {why && <p class="quiet why-not">{why}</p>}
      {work.question?.many === false && (
        <Confirm question={work.question} onYes={work.confirm} onCancel={work.cancel} />
      )}
    </div>
  );
}
