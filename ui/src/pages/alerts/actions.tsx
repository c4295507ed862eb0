// What can be done with an alert. A decision becomes a label, which goes into features and metrics: it
// is asked once more, in a line where the hand already is.

import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

import type { CaseStatus } from '../../api/types';
import { useLocale } from '../../context';
import { usePermission } from '../../session';
import { STATUSES } from '../../state/queue_filter';
import { AssignTo } from './assign';
import type { CasePaneProps } from './case';
import { StatusShape } from './status';

const KEYS: Readonly<Partial<Record<CaseStatus, string>>> = { in_review: 'r', fraud: 'f', not_fraud: 'n' };

type ActionsProps = Pick<
  CasePaneProps,
  'now' | 'me' | 'people' | 'saving' | 'confirming' | 'onDecide' | 'onCancel' | 'onAssign' | 'onAssignTo'
>;

function Confirm({ confirming, onDecide, onCancel }: ActionsProps): JSX.Element | null {
  const words = useLocale().texts.queue;
  const yes = useRef<HTMLButtonElement>(null);
  // Before the next key is read: who presses two keys fast means the second for this.
  useLayoutEffect(() => yes.current?.focus(), [confirming]);
  if (!confirming) return null;
  return (
    <div class={`confirm ${confirming}`} role="group" aria-labelledby="confirm" aria-describedby="confirm-text">
      <p>
        <b id="confirm">{words.confirm[confirming]}</b> <span id="confirm-text">{words.confirmText}</span>
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

function assignName(now: ActionsProps['now'], me: string, words: ReturnType<typeof useLocale>['texts']['queue']): string {
  if (now?.assignee === me) return words.release;
  return now?.assignee ? words.taken(now.assignee) : words.assignToMe;
}

export function Actions(props: ActionsProps): JSX.Element {
  const { now, me, saving, onDecide, onAssign } = props;
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
            onClick={() => onDecide(status)}
          >
            <StatusShape status={status} />
            {words.status[status]}
            {KEYS[status] && <kbd aria-hidden="true">{KEYS[status]}</kbd>}
          </button>
        ))}
      </div>
      <div class="assign">
        <span class="quiet">{words.assigneeOf}</span> <b>{now?.assignee ?? words.nobody}</b>
        <button type="button" aria-keyshortcuts="a" disabled={!may} onClick={onAssign}>
          {assignName(now, me, words)}
          <kbd aria-hidden="true">a</kbd>
        </button>
        {may && props.people.length > 1 && <AssignTo people={props.people} disabled={false} onAssign={props.onAssignTo} />}
      </div>
      {why && <p class="quiet why-not">{why}</p>}
      <Confirm {...props} />
    </div>
  );
}
