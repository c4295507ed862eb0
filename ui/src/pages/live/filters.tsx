// What the lists of the live page are narrowed to: a decision, amounts, a part of a name.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { getLatest } from '../../api/client';
import type { Decision } from '../../api/types';
import { useLocale } from '../../context';
import { everything, isEverything, readAmount, type Filter } from '../../state/filter';
import type { Store } from '../../state/store';

/** As many as one answer gives: of a narrow filter few of them are shown. */
const LOOK_THROUGH = 500;
/** How long typing rests before it counts. */
const TYPING_MS = 200;

const DECISIONS: readonly Decision[] = ['approve', 'review', 'decline'];

/** The filter in force, and the service's latest looked through for what it lets by. */
function useFilter(store: Store, filter: Filter): void {
  useEffect(() => {
    if (store.state.filter === filter) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      store.send({ kind: 'filter', filter });
      getLatest(abort.signal, LOOK_THROUGH, filter.decision).then(
        (found) => store.send({ kind: 'found', filter, found }),
        () => undefined, // a service that is lost is said to be so elsewhere
      );
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [store, filter]);
}

export function Filters({ store }: { readonly store: Store }): JSX.Element {
  const { texts } = useLocale();
  const words = texts.live;
  const [filter, setFilter] = useState(store.state.filter);
  const [amounts, setAmounts] = useState({
    least: String(filter.least ?? ''),
    most: String(filter.most ?? ''),
  });
  useFilter(store, filter);
  const amount = (which: 'least' | 'most', name: string): JSX.Element => (
    <label>
      <span class="hidden">{name}</span>
      <input
        type="text"
        inputMode="decimal"
        size={11}
        placeholder={name}
        value={amounts[which]}
        aria-invalid={amounts[which].trim() !== '' && readAmount(amounts[which]) === null}
        onInput={(event) => {
          const text = event.currentTarget.value;
          setAmounts({ ...amounts, [which]: text });
          setFilter({ ...filter, [which]: readAmount(text) });
        }}
      />
    </label>
  );
  return (
    <form class="filters" role="search" aria-label={words.filters} onSubmit={(event) => event.preventDefault()}>
      <label>
        <span class="hidden">{texts.columns.decision}</span>
        <select
          value={filter.decision ?? ''}
          onChange={(event) =>
            setFilter({ ...filter, decision: (event.currentTarget.value || null) as Decision | null })
          }
        >
          <option value="">{words.anyDecision}</option>
          {DECISIONS.map((decision) => (
            <option key={decision} value={decision}>
              {texts.decision[decision]}
            </option>
          ))}
        </select>
      </label>
      {amount('least', words.least)}
      {amount('most', words.most)}
      <label class="grow">
        <span class="hidden">{words.search}</span>
        <input
          type="search"
          placeholder={words.search}
          value={filter.text}
          onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
        />
      </label>
      {!isEverything(filter) && (
        <button
          type="button"
          onClick={() => {
            setAmounts({ least: '', most: '' });
            setFilter(everything);
          }}
        >
          {words.clear}
        </button>
      )}
    </form>
  );
}
