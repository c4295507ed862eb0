// The queue beside the alert that is chosen in it, and the keys that act on both.

import type { JSX } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { ResourceNotice } from '../../components/notice';
import { useLocale } from '../../context';
import { keysSwitchedOn, switchKeys, useKeys, type KeyAction } from '../../keys';
import { NARROW, useMedia } from '../../media';
import { hashOf, type Route } from '../../route';
import { usePermission, useSession } from '../../session';
import type { Connection } from '../../state/live';
import { neighbourOf } from '../../state/queue';
import { savedFilter, saveFilter, type QueueFilter } from '../../state/queue_filter';
import { usePeople } from './assign';
import { BulkBar } from './bulk';
import { CasePane } from './case';
import { ExportButton } from './export';
import { Filters } from './filters';
import { KeysDialog } from './keys';
import { List, rowId } from './list';
import { useBulk } from './use_bulk';
import { useCase, useQueue } from './use_queue';
import { useWork } from './use_work';

/** Who asks where nobody signs in; the service knows them by this name. */
const LOCAL_NAME = 'local';
/** A place in the browser's history is taken once the hand rests. */
const ADDRESS_MS = 300;

function useFilter(): [QueueFilter, (filter: QueueFilter) => void] {
  const [filter, setFilter] = useState<QueueFilter>(savedFilter);
  const choose = (chosen: QueueFilter): void => {
    setFilter(chosen);
    saveFilter(chosen);
  };
  return [filter, choose];
}

interface Choice {
  readonly number: string | null;
  /** On a narrow window it takes the list's place. */
  readonly opened: boolean;
}

/**
 * Which alert is chosen. The address says it, so that it can be sent to a colleague; while the hand
 * runs down the list the address is left alone, and the back button steps over none of it.
 */
function useChoice(route: Extract<Route, { view: 'alerts' }>, narrow: boolean) {
  const [choice, setChoice] = useState<Choice>({ number: route.number ?? null, opened: route.number !== undefined });
  const timer = useRef<number | undefined>();
  useEffect(() => {
    const { number } = route;
    setChoice((was) => (number === undefined ? { ...was, opened: false } : { number, opened: true }));
    return () => clearTimeout(timer.current);
  }, [route]);
  // Back in the list, the alert that was left is in sight.
  const before = useRef(choice);
  useEffect(() => {
    const left = before.current.opened && !choice.opened ? before.current.number : null;
    before.current = choice;
    if (narrow && left !== null)
      requestAnimationFrame(() => document.getElementById(rowId(left))?.scrollIntoView({ block: 'center' }));
  }, [choice]);
  const choose = (number: string, open: boolean): void => {
    const opened = open || choice.opened;
    setChoice({ number, opened });
    clearTimeout(timer.current);
    if (!opened) return;
    const address = hashOf({ view: 'alerts', number });
    if (narrow && !choice.opened) history.pushState(null, '', address);
    else timer.current = window.setTimeout(() => history.replaceState(null, '', address), ADDRESS_MS);
  };
  const close = (): void => {
    location.hash = hashOf({ view: 'alerts' });
  };
  /** To nothing: the list that it was in is another one now. */
  const drop = (): void => {
    clearTimeout(timer.current);
    setChoice({ number: null, opened: false });
    history.replaceState(null, '', hashOf({ view: 'alerts' }));
  };
  return { choice, choose, close, drop };
}

interface QueueProps {
  readonly route: Extract<Route, { view: 'alerts' }>;
  readonly connection: Connection;
}

export function AlertsQueue({ route, connection }: QueueProps): JSX.Element {
  const { texts } = useLocale();
  const words = texts.queue;
  const session = useSession();
  const me = session?.name ?? LOCAL_NAME;
  const { may } = usePermission('analyst');
  const narrow = useMedia(NARROW);
  const [filter, chooseFilter] = useFilter();
  const people = usePeople(may, connection);
  const chosen = useRef<string | null>(null);
  const { queue, filters, loading, error, showNew, showMore, change, opened } = useQueue(filter, me, connection, chosen);
  const { choice, choose, close, drop } = useChoice(route, narrow);
  const rows = queue.rows ?? [];
  // What another filter does not let through is not shown on beside its list.
  const refiltered = useRef(false);
  const setFilter = (chosen: QueueFilter): void => {
    refiltered.current = true;
    chooseFilter(chosen);
  };
  useLayoutEffect(() => {
    if (!refiltered.current || loading) return;
    refiltered.current = false;
    if (!rows.some((one) => one.trans_num === choice.number)) drop();
  }, [queue.rows, loading]);
  // Beside the list something is always shown; in its place only what was opened.
  const number = choice.number ?? (narrow ? null : (rows[0]?.trans_num ?? null));
  chosen.current = number;
  const row = rows.find((one) => one.trans_num === number);
  const shown = queue.opened?.trans_num === number ? queue.opened : null;
  const detail = useCase(number, shown !== null && !queue.stale, connection, opened);

  const now = row ?? shown;
  const bulk = useBulk(rows, filter, change);
  const [helping, setHelping] = useState(false);
  const [keysOn, setKeysOn] = useState(keysSwitchedOn);
  const search = useRef<HTMLInputElement>(null);
  const noteField = useRef<HTMLTextAreaElement>(null);
  const pane = useRef<HTMLHeadingElement>(null);
  const toFocus = useRef<string | null>(null);

  // Before the next key is read: it is meant for what the last one led to.
  useLayoutEffect(() => {
    if (toFocus.current === null) return;
    document.getElementById(rowId(toFocus.current))?.focus();
    toFocus.current = null;
  });

  const focusRow = (): void => {
    if (number === null) return;
    if (narrow && choice.opened) pane.current?.focus();
    else document.getElementById(rowId(number))?.focus();
  };

  const work = useWork({
    me,
    may,
    number,
    now,
    listShown: !narrow || !choice.opened,
    paneShown: !narrow || choice.opened,
    bulk,
    change,
    focusRow,
  });

  function step(by: number): boolean {
    const next = neighbourOf(rows, number, by);
    if (!next) return false;
    if (next.trans_num === number && by > 0) showMore();
    if (!(narrow && choice.opened)) toFocus.current = next.trans_num;
    choose(next.trans_num, false);
    return true;
  }

  const onPick = useCallback(
    (picked: string, event: MouseEvent): void => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      pick.current(picked, event.detail === 0);
    },
    [],
  );
  const pick = useRef((_number: string, _byKey: boolean): void => {});
  pick.current = (picked, byKey) => {
    choose(picked, true);
    if (byKey || narrow) setTimeout(() => pane.current?.focus({ preventScroll: !narrow }));
  };

  const inList = (event: KeyboardEvent): boolean => {
    const target = event.target instanceof HTMLElement ? event.target : null;
    return target === document.body || target?.id === 'main' || target?.closest('.queue-list') !== null;
  };
  const withNumber = (action: () => void): KeyAction => () => (number === null ? false : action());
  useKeys(
    {
      j: () => step(1),
      k: () => step(-1),
      ArrowDown: (event) => inList(event) && step(1),
      ArrowUp: (event) => inList(event) && step(-1),
      Enter: (event) => {
        if (event.target !== document.body || number === null) return false;
        pick.current(number, true);
        return true;
      },
      o: withNumber(() => (location.hash = hashOf({ view: 'transaction', number: number! }))),
      f: withNumber(() => work.decide('fraud')),
      n: withNumber(() => work.decide('not_fraud')),
      r: withNumber(() => work.decide('in_review')),
      a: withNumber(work.assign),
      x: withNumber(() => (may ? bulk.toggle(number!, false) : false)),
      z: work.undoLast,
      c: withNumber(() => noteField.current?.focus()),
      u: () => (queue.arrived.length > 0 ? showNew() : false),
      '/': () => search.current?.focus(),
      '?': () => setHelping(true),
      Escape: (event) => {
        if (work.question) work.cancel();
        else if (bulk.selected.length > 0 && inList(event)) bulk.clear();
        else if (narrow && choice.opened && !(event.target instanceof HTMLTextAreaElement)) close();
        else focusRow();
      },
    },
    keysOn,
  );

  return (
    <>
      {connection !== 'lost' && (
        <ResourceNotice of={{ data: queue.rows, loading, error }} absent={texts.askFailed} />
      )}
      <div class={`queue ${choice.opened ? 'opened' : ''}`}>
        <div class="queue-side">
          <Filters filter={filter} counts={queue.counts} search={search} onFilter={setFilter} />
          {may && (
            <BulkBar bulk={bulk} shown={rows.length} people={people} work={work} focusRow={focusRow} />
          )}
          <List
            queue={queue}
            filter={filter}
            loading={loading}
            chosen={number}
            isSelected={may ? bulk.isSelected : null}
            onPick={onPick}
            onSelect={bulk.toggle}
            onShowNew={showNew}
            onMore={showMore}
          />
          <div class="queue-foot">
            <button type="button" class="plain keys-button" aria-keyshortcuts="?" onClick={() => setHelping(true)}>
              <kbd aria-hidden="true">?</kbd> {words.keys}
            </button>
            <ExportButton query={filters} />
          </div>
        </div>
        <CasePane
          item={shown ?? row ?? null}
          alert={shown}
          detail={detail}
          chosen={number}
          now={now ?? null}
          me={me}
          people={people}
          saving={number !== null && queue.saving.has(number)}
          heading={pane}
          noteField={noteField}
          work={work}
          onAssign={(assignee) => {
            focusRow();
            work.assignOne(assignee);
          }}
          onStep={(by) => void step(by)}
        />
      </div>
      {helping && (
        <KeysDialog
          on={keysOn}
          onSwitch={(on) => {
            switchKeys(on);
            setKeysOn(on);
          }}
          onClose={() => setHelping(false)}
        />
      )}
      <p class="hidden" role="status">
        {queue.arrived.length > 0 && words.arrivedSaid}
      </p>
    </>
  );
}
