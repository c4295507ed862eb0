// The queue: one line of links, of which the one chosen can be reached with Tab and the others from
// it with the arrow keys, so that a screen reader says each as it is reached.

import type { JSX } from 'preact';
import { memo } from 'preact/compat';

import type { AlertItem } from '../../api/alerts';
import { DecisionMark } from '../../components/decision';
import { useLocale } from '../../context';
import { cardDigits, merchantName, plainName } from '../../format';
import { hashOf } from '../../route';
import { QUEUE_ROWS_MAX, type Queue } from '../../state/queue';
import type { QueueFilter } from '../../state/queue_filter';
import { isFirst } from './filters';
import { StatusMark } from './status';

export function rowId(number: string): string {
  return `alert-${number}`;
}

interface RowProps {
  readonly row: AlertItem;
  readonly chosen: boolean;
  /** Reached with Tab: the chosen one, or the first where none is. */
  readonly entry: boolean;
  /** Selected, to be changed with others; null for who may change nothing. */
  readonly selected: boolean | null;
  onPick(number: string, event: MouseEvent): void;
  onSelect(number: string, range: boolean): void;
}

const Row = memo(function Row({ row, chosen, entry, selected, onPick, onSelect }: RowProps): JSX.Element {
  const { language, texts, format } = useLocale();
  const words = texts.queue;
  const [reason] = row.reasons;
  const settled = row.status === 'fraud' || row.status === 'not_fraud';
  return (
    <li class={selected ? 'selected' : ''}>
      {selected !== null && (
        <input
          type="checkbox"
          class="select"
          aria-label={words.selectOne(format.amount(row.amount), merchantName(row.merchant))}
          checked={selected}
          tabIndex={entry ? 0 : -1}
          onClick={(event) => onSelect(row.trans_num, event.shiftKey)}
        />
      )}
      <a
        id={rowId(row.trans_num)}
        class={`row ${row.decision} ${settled ? 'settled' : ''}`}
        href={hashOf({ view: 'alerts', number: row.trans_num })}
        aria-current={chosen ? 'true' : undefined}
        tabIndex={entry ? 0 : -1}
        onClick={(event) => onPick(row.trans_num, event)}
      >
        <span class="loss" title={`${words.loss}: ${words.lossText}`}>
          <span class="hidden">{words.loss} </span>
          {format.amount(row.expected_loss)}
        </span>
        <span class="who">{merchantName(row.merchant)}</span>
        <StatusMark status={row.status} />
        <span class="decided">
          <DecisionMark decision={row.decision} />
        </span>
        <span class="numbers">
          <span class="hidden">{words.amountOf} </span>
          {format.amount(row.amount)} · <span class="hidden">{texts.columns.score} </span>
          {format.score(row.score)} · <span class="date">{format.date(row.time)}</span>{' '}
          {format.time(row.time)} · <span aria-hidden="true">•••• </span>
          {cardDigits(row.card)}
        </span>
        <span class="assignee">
          {row.assignee !== null && (
            <>
              <span class="hidden">{words.assigneeOf} </span>
              {row.assignee}
            </>
          )}
          {row.notes > 0 && (
            <span class="note-count" title={words.noteCount(format.integer(row.notes), row.notes === 1)}>
              <svg viewBox="0 0 16 16" aria-hidden="true">
                <path d="M3 3h10v7.500H8L5 13v-2.500H3z" />
              </svg>
              {format.integer(row.notes)}
              <span class="hidden"> {words.notes}</span>
            </span>
          )}
        </span>
        {reason && <span class="reason">{reason.text?.[language] ?? plainName(reason.feature)}</span>}
      </a>
    </li>
  );
});

interface ListProps {
  readonly queue: Queue;
  readonly filter: QueueFilter;
  readonly loading: boolean;
  readonly chosen: string | null;
  /** null for who may select none. */
  readonly isSelected: ((number: string) => boolean) | null;
  onPick(number: string, event: MouseEvent): void;
  onSelect(number: string, range: boolean): void;
  onShowNew(): void;
  onMore(): void;
}

/** How many alerts came that are not shown yet; it moves nothing until it is pressed. */
function Arrived({ queue, onShowNew }: Pick<ListProps, 'queue' | 'onShowNew'>): JSX.Element {
  const { texts, format } = useLocale();
  const count = queue.arrived.length;
  return (
    <div class="arrived">
      {count > 0 && (
        <button type="button" class="main" onClick={onShowNew}>
          ↑ {texts.queue.arrived(format.integer(count), count === 1)}
        </button>
      )}
    </div>
  );
}

function Nothing({ filter }: { readonly filter: QueueFilter }): JSX.Element {
  const words = useLocale().texts.queue;
  return (
    <div class="empty">
      <h3>{words.none}</h3>
      <p>{isFirst(filter) ? words.noneYet : words.noneFiltered}</p>
    </div>
  );
}

export function List(props: ListProps): JSX.Element {
  const { queue, filter, loading, chosen, isSelected, onPick, onSelect } = props;
  const { texts, format } = useLocale();
  const words = texts.queue;
  const rows = queue.rows ?? [];
  const held = rows.some((row) => row.trans_num === chosen);
  return (
    <section class="panel queue-list" aria-label={words.listBy(words.orders[filter.order])} aria-busy={loading}>
      <Arrived {...props} />
      {queue.rows !== null && rows.length === 0 && <Nothing filter={filter} />}
      {rows.length > 0 && (
        <div class="rows">
          <ol>
            {rows.map((row, i) => (
              <Row
                key={row.trans_num}
                row={row}
                chosen={row.trans_num === chosen}
                entry={held ? row.trans_num === chosen : i === 0}
                selected={isSelected && isSelected(row.trans_num)}
                onPick={onPick}
                onSelect={onSelect}
              />
            ))}
          </ol>
          {queue.next !== null && (
            <button type="button" class="more" disabled={loading} onClick={props.onMore}>
              {words.more}
            </button>
          )}
          {rows.length >= QUEUE_ROWS_MAX && (
            <p class="few">{words.atMost(format.integer(QUEUE_ROWS_MAX))}</p>
          )}
        </div>
      )}
    </section>
  );
}
