// The queue beside the alert that is chosen in it, and the keys that act on both.

import type { JSX } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { actorName } from '../../actor';
import type { CaseChange } from '../../api/alerts';
import type { CaseStatus } from '../../api/types';
import { ResourceNotice } from '../../components/notice';
import { useLocale } from '../../context';
import { keysSwitchedOn, switchKeys, useKeys, type KeyAction } from '../../keys';
import { NARROW, useMedia } from '../../media';
import { problemText } from '../../problem';
import { hashOf, type Route } from '../../route';
import { usePermission, useSession } from '../../session';
import type { Connection } from '../../state/live';
import { changedBy, neighbourOf } from '../../state/queue';
import { savedFilter, saveFilter, type QueueFilter } from '../../state/queue_filter';
import { usePeople } from './assign';
import { BulkBar, type BulkSaid } from './bulk';
import { CasePane, type Said } from './case';
import { ExportButton } from './export';
import { Filters } from './filters';
import { KeysDialog } from './keys';
import { List, rowId } from './list';
import { useBulk, type BulkOutcome, type Decided, type Step } from './use_bulk';
import { useCase, useQueue, type Outcome } from './use_queue';

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

type Labelled = 'fraud' | 'not_fraud';

function isLabel(status: CaseStatus): status is Labelled {
  return status === 'fraud' || status === 'not_fraud';
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
  const locale = useLocale();
  const { texts } = locale;
  const words = texts.queue;
  const session = useSession();
  const me = session?.name ?? LOCAL_NAME;
  const { may } = usePermission('analyst');
  const narrow = useMedia(NARROW);
  const [filter, chooseFilter] = useFilter();
  const people = usePeople(may);
  const { queue, filters, loading, error, showNew, showMore, change, opened } = useQueue(filter, me, connection);
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
  const row = rows.find((one) => one.trans_num === number);
  const shown = queue.opened?.trans_num === number ? queue.opened : null;
  const detail = useCase(number, shown !== null && !queue.stale, connection, opened);

  const [confirming, setConfirming] = useState<Labelled | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const bulk = useBulk(rows, filter, change);
  const [confirmingMany, setConfirmingMany] = useState<Labelled | null>(null);
  const [saidOfMany, setSaidOfMany] = useState<BulkSaid | null>(null);
  /** The last decision, of one alert or of several. */
  const decided = useRef<readonly Decided[]>([]);
  const [helping, setHelping] = useState(false);
  const [keysOn, setKeysOn] = useState(keysSwitchedOn);
  const search = useRef<HTMLInputElement>(null);
  const noteField = useRef<HTMLTextAreaElement>(null);
  const pane = useRef<HTMLHeadingElement>(null);
  const toFocus = useRef<string | null>(null);

  // Both before the next key is read: it is meant for what the last one led to.
  useLayoutEffect(() => {
    setConfirming(null);
    setSaid(null);
  }, [number]);
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

  async function ask(wanted: CaseChange, done: string, undo = false): Promise<Outcome | null> {
    if (number === null || !may) return null;
    setSaid(null);
    setSaidOfMany(null);
    const outcome = await change(number, wanted);
    const of = number;
    if (outcome.kind === 'done') {
      setSaid({ of, kind: 'done', text: done, undo });
    } else if (outcome.kind === 'conflict') {
      const { status, assignee } = outcome.alert;
      const now = wanted.status === undefined ? (assignee ?? words.nobody) : words.status[status];
      setSaid({ of, kind: 'conflict', text: words.conflict(actorName(changedBy(outcome.alert), locale), now) });
    } else setSaid({ of, kind: 'failed', text: `${words.failed} ${problemText(outcome.error, texts)}` });
    return outcome;
  }

  const now = row ?? shown;

  function sayOfMany(outcome: BulkOutcome, text: string, undo: boolean): void {
    const { done, conflicts, failed, error } = outcome;
    const { format } = locale;
    const parts = done.length > 0 ? [text] : [];
    if (conflicts.length > 0) parts.push(words.conflicts(format.integer(conflicts.length)));
    if (failed.length > 0) parts.push(words.failedMany(format.integer(failed.length)), error ? problemText(error, texts) : '');
    setSaidOfMany({ text: parts.join(' '), good: conflicts.length + failed.length === 0, undo: undo && done.length > 0 });
  }

  async function runMany(steps: readonly Step[], text: (count: string, one: boolean) => string, undo: boolean): Promise<BulkOutcome> {
    setSaidOfMany(null);
    const outcome = await bulk.run(steps);
    const count = outcome.done.length;
    sayOfMany(outcome, text(locale.format.integer(count), count === 1), undo);
    return outcome;
  }

  async function decideMany(status: CaseStatus): Promise<void> {
    if (!may || bulk.busy) return;
    if (isLabel(status) && confirmingMany !== status) return setConfirmingMany(status);
    setConfirmingMany(null);
    const others = bulk.selected.filter((one) => one.status !== status);
    const steps = others.map(({ trans_num, status: from }) => ({
      number: trans_num,
      change: { status, expected: { status: from } },
    }));
    focusRow();
    const { done } = await runMany(steps, words.doneMany[status], true);
    const did = new Set(done);
    decided.current = others
      .filter((one) => did.has(one.trans_num))
      .map((one) => ({ number: one.trans_num, from: one.status, to: status }));
  }

  async function assignMany(assignee: string | null): Promise<void> {
    if (!may || bulk.busy) return;
    const steps = bulk.selected
      .filter((one) => one.assignee !== assignee)
      .map((one) => ({ number: one.trans_num, change: { assignee, expected: { assignee: one.assignee } } }));
    const text = (count: string, one: boolean): string =>
      assignee === null ? words.releasedMany(count, one) : words.assignedMany(count, assignee, one);
    await runMany(steps, text, false);
  }

  /** The case is as it was before the last decision; its label stays. */
  async function undo(): Promise<void> {
    const last = decided.current;
    if (!may || last.length === 0 || bulk.busy) return;
    decided.current = [];
    setSaid(null);
    const steps = last.map(({ number, from, to }) => ({
      number,
      change: { status: from, expected: { status: to } },
    }));
    await runMany(steps, words.undone, false);
  }

  /** By a key: those that are selected, or the one that is chosen. */
  function decide(status: CaseStatus): void {
    if (bulk.selected.length > 0) void decideMany(status);
    else decideOne(status);
  }

  function decideOne(status: CaseStatus): void {
    if (!now || !may || now.status === status) return;
    if (isLabel(status) && confirming !== status) return setConfirming(status);
    const focused = document.activeElement?.closest('.confirm') !== null;
    setConfirming(null);
    if (focused) focusRow();
    const { trans_num, status: from } = now;
    void ask({ status, expected: { status: from } }, words.done[status], true).then((outcome) => {
      if (outcome?.kind === 'done') decided.current = [{ number: trans_num, from, to: status }];
    });
  }

  function assign(): void {
    if (bulk.selected.length > 0) void assignMany(bulk.selected.every((one) => one.assignee === me) ? null : me);
    else assignTo(now?.assignee === me ? null : me);
  }

  function assignTo(assignee: string | null): void {
    if (!now || !may || now.assignee === assignee) return;
    const done = assignee === null ? words.releasedDone : words.assignedDone(assignee);
    void ask({ assignee, expected: { assignee: now.assignee } }, done);
  }

  async function addNote(note: string): Promise<boolean> {
    return (await ask({ note }, words.noteDone))?.kind === 'done';
  }

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
      f: withNumber(() => decide('fraud')),
      n: withNumber(() => decide('not_fraud')),
      r: withNumber(() => decide('in_review')),
      a: withNumber(assign),
      x: withNumber(() => (may ? bulk.toggle(number!, false) : false)),
      z: () => (decided.current.length > 0 ? void undo() : false),
      c: withNumber(() => noteField.current?.focus()),
      u: () => (queue.arrived.length > 0 ? showNew() : false),
      '/': () => search.current?.focus(),
      '?': () => setHelping(true),
      Escape: (event) => {
        if (confirming || confirmingMany) {
          setConfirming(null);
          setConfirmingMany(null);
          focusRow();
        } else if (bulk.selected.length > 0 && inList(event)) bulk.clear();
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
            <BulkBar
              bulk={bulk}
              shown={rows.length}
              people={people}
              confirming={bulk.selected.length > 0 ? confirmingMany : null}
              said={saidOfMany}
              onDecide={(status) => void decideMany(status)}
              onCancel={() => {
                setConfirmingMany(null);
                focusRow();
              }}
              onAssign={(name) => void assignMany(name)}
              onUndo={() => void undo()}
            />
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
          confirming={confirming}
          said={said?.of === number ? said : null}
          heading={pane}
          noteField={noteField}
          onDecide={decideOne}
          onCancel={() => {
            setConfirming(null);
            focusRow();
          }}
          onAssign={() => assignTo(now?.assignee === me ? null : me)}
          onAssignTo={assignTo}
          onUndo={() => void undo()}
          onNote={addNote}
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
