// What the queue holds: which status, whose, which decision, from which amount, what is searched for.

import type { JSX, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { Counts } from '../../api/alerts';
import type { CaseStatus } from '../../api/types';
import { useLocale } from '../../context';
import { readAmount } from '../../state/filter';
import {
  ASSIGNEES,
  DECISIONS,
  firstFilter,
  foldedFilters,
  isCardNumber,
  ORDERS,
  restMs,
  searchedFor,
  SINCES,
  STATUSES,
  withText,
  type QueueFilter,
} from '../../state/queue_filter';
import { StatusShape } from './status';

const AMOUNT_TYPED_MS = 250;

interface FiltersProps {
  readonly filter: QueueFilter;
  readonly counts: Counts | null;
  readonly search: RefObject<HTMLInputElement>;
  onFilter(filter: QueueFilter): void;
}

function Statuses({ filter, counts, onFilter }: Omit<FiltersProps, 'search'>): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.queue;
  const toggle = (status: CaseStatus): void => {
    const on = filter.statuses.includes(status);
    const statuses = STATUSES.filter((one) => (one === status ? !on : filter.statuses.includes(one)));
    onFilter({ ...filter, statuses, widened: false });
  };
  return (
    <div class="statuses" role="group" aria-label={words.show}>
      {STATUSES.map((status) => (
        <button
          type="button"
          key={status}
          class={`status ${status}`}
          aria-pressed={filter.statuses.includes(status)}
          onClick={() => toggle(status)}
        >
          <StatusShape status={status} />
          {words.status[status]} <b>{counts ? format.integer(counts[status]) : '–'}</b>
        </button>
      ))}
    </div>
  );
}

interface TypedProps {
  readonly label: string;
  readonly value: string;
  readonly hint?: string;
  readonly type: 'search' | 'amount';
  readonly field?: RefObject<HTMLInputElement>;
  onTyped(value: string): void;
}

/** A field whose text counts once no more is typed: after a rest, with Enter, or when the field is left. */
function Typed({ label, value, hint, type, field, onTyped }: TypedProps): JSX.Element {
  const [text, setText] = useState(value);
  const typed = useRef(onTyped);
  typed.current = onTyped;
  const timer = useRef<number | undefined>();
  /** Typed and not yet counted. */
  const waiting = useRef<string | null>(null);
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const count = (): void => {
    clearTimeout(timer.current);
    const now = waiting.current;
    waiting.current = null;
    if (now === null) return;
    if (type === 'search') setText(searchedFor(now));
    typed.current(now);
  };
  const change = (now: string): void => {
    setText(now);
    waiting.current = now;
    clearTimeout(timer.current);
    timer.current = window.setTimeout(count, type === 'search' ? restMs(now) : AMOUNT_TYPED_MS);
  };
  return (
    <label class={`field ${type}-field`}>
      <span>{label}</span>
      <input
        type={type === 'search' ? 'search' : 'text'}
        value={text}
        placeholder={hint}
        autocomplete="off"
        spellcheck={false}
        {...(field ? { ref: field } : {})}
        {...(type === 'amount' ? { inputMode: 'decimal' as const } : {})}
        aria-invalid={type === 'amount' && text.trim() !== '' && readAmount(text) === null}
        onInput={(event) => change(event.currentTarget.value)}
        onBlur={count}
        onKeyDown={(event) => event.key === 'Enter' && count()}
      />
    </label>
  );
}

interface PickProps<T extends string> {
  readonly label: string;
  readonly values: readonly T[];
  readonly names: Readonly<Record<T, string>>;
  readonly value: T;
  onPick(value: T): void;
}

function Pick<T extends string>({ label, values, names, value, onPick }: PickProps<T>): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onPick(event.currentTarget.value as T)}>
        {values.map((one) => (
          <option key={one} value={one} selected={one === value}>
            {names[one]}
          </option>
        ))}
      </select>
    </label>
  );
}

export function isFirst(filter: QueueFilter): boolean {
  const { order: _, ...asked } = filter;
  const { order: __, ...first } = firstFilter;
  return JSON.stringify(asked) === JSON.stringify(first);
}

export function Filters(props: FiltersProps): JSX.Element {
  const { filter, search, onFilter } = props;
  const { texts, format } = useLocale();
  const words = texts.queue;
  const folded = foldedFilters(filter);
  // A whole card number was typed: what is searched for is its end.
  const [shortened, setShortened] = useState(false);
  // Only a narrow window folds them.
  const [unfolded, setUnfolded] = useState(folded > 0);
  return (
    <section class="panel queue-filters" aria-label={words.filters}>
      <Statuses {...props} />
      <div class={`fields ${unfolded ? 'unfolded' : ''}`}>
        <Typed
          type="search"
          label={words.search}
          hint={words.searchHint}
          value={filter.text}
          field={search}
          onTyped={(typed) => {
            setShortened(isCardNumber(typed));
            onFilter(withText(filter, typed));
          }}
        />
        <button type="button" class="fold" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
          {words.filters} {folded > 0 && <b>{format.integer(folded)}</b>}
        </button>
        <Pick
          label={words.sinceOf}
          values={SINCES}
          names={words.sinces}
          value={filter.since}
          onPick={(since) => onFilter({ ...filter, since })}
        />
        <Pick
          label={words.assigneeOf}
          values={ASSIGNEES}
          names={words.assignees}
          value={filter.assignee}
          onPick={(assignee) => onFilter({ ...filter, assignee })}
        />
        <Pick
          label={words.decisionOf}
          values={DECISIONS}
          names={words.decisions}
          value={filter.decision}
          onPick={(decision) => onFilter({ ...filter, decision })}
        />
        <Typed
          type="amount"
          label={words.minAmount}
          value={filter.minAmount === null ? '' : String(filter.minAmount)}
          onTyped={(text) => {
            const minAmount = readAmount(text);
            // What is no amount is marked, and changes nothing.
            if (minAmount !== null || text.trim() === '') onFilter({ ...filter, minAmount });
          }}
        />
        <Pick
          label={words.order}
          values={ORDERS}
          names={words.orders}
          value={filter.order}
          onPick={(order) => onFilter({ ...filter, order })}
        />
        <p class="quiet search-note" role="status">
          {shortened && filter.text !== '' && words.lastFour(filter.text)}
        </p>
        {!isFirst(filter) && (
          <button type="button" class="clear" onClick={() => onFilter({ ...firstFilter, order: filter.order })}>
            {words.clear}
          </button>
        )}
      </div>
    </section>
  );
}
