// What is done with alerts: decisions, assignees, notes; what came of it; and the last decision taken back.

import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import { actorName } from '../../actor';
import type { AlertFacts, CaseChange } from '../../api/alerts';
import type { CaseStatus } from '../../api/types';
import { useLocale } from '../../context';
import { problemText } from '../../problem';
import {
  aboutOf,
  changeOf,
  press,
  relabels,
  stepsOf,
  takenBack,
  type Question,
  type Step,
  type Target,
} from '../../state/decision';
import { changedBy } from '../../state/queue';
import type { Said } from './said';
import type { Bulk, BulkOutcome } from './use_bulk';
import type { Outcome } from './use_queue';

const NOTHING_DONE: BulkOutcome = { done: [], conflicts: [], failed: [], error: null };

interface Desk {
  readonly me: string;
  readonly may: boolean;
  /** The alert that is chosen. */
  readonly number: string | null;
  /** Its case as it is shown, a change that is on its way included. */
  readonly now: AlertFacts | null;
  /** On a narrow window one takes the other's place: nothing is done with what is not in sight. */
  readonly listShown: boolean;
  readonly paneShown: boolean;
  readonly bulk: Bulk;
  change(number: string, change: CaseChange): Promise<Outcome>;
  /** The focus goes back to the list, from what is there no more. */
  focusRow(): void;
}

export interface Work {
  readonly question: Question | null;
  readonly said: Said | null;
  /** By a key: those that are selected, or the one that is chosen. */
  decide(status: CaseStatus): void;
  decideOne(status: CaseStatus): void;
  decideMany(status: CaseStatus): void;
  confirm(): void;
  cancel(): void;
  /** By a key: to me, or to nobody where it is mine. */
  assign(): void;
  assignOne(assignee: string | null): void;
  assignMany(assignee: string | null): void;
  addNote(note: string): Promise<boolean>;
  /** Takes back what a message offers. */
  undo(steps: readonly Step[]): void;
  /** Takes the last decision back; false where there is none. */
  undoLast(): boolean;
}

export function useWork(desk: Desk): Work {
  const { me, may, number, now, listShown, paneShown, bulk, change, focusRow } = desk;
  const locale = useLocale();
  const { texts, format } = locale;
  const words = texts.queue;
  const [question, setQuestion] = useState<Question | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  /** The last decision, of one alert or of several, from when it is asked for. */
  const last = useRef<readonly Step[]>([]);
  /** Those that are not answered yet: they are not taken back before. */
  const making = useRef(new Set<Step>());
  /** As it is when an answer comes. */
  const place = useRef({ number, listShown, paneShown });
  place.current = { number, listShown, paneShown };

  const one: Target = { many: false, alerts: now ? [now] : [] };
  const many: Target = { many: true, alerts: bulk.selected };
  const meant = listShown && bulk.selected.length > 0 ? many : paneShown ? one : null;

  // Both before the next key is read: it is meant for what the last one led to.
  useLayoutEffect(() => setQuestion(null), [aboutOf(one), aboutOf(many), listShown, paneShown]);
  useLayoutEffect(() => setSaid((was) => (was?.of === null ? was : null)), [number]);

  function isChosen(about: string): boolean {
    return place.current.paneShown && place.current.number === about;
  }

  /** Above the list, or where that is out of sight beside the alert, as where it is of that alone: `of`. */
  function sayOfMany(
    outcome: BulkOutcome,
    text: string,
    notSaved: (count: string) => string,
    undo: readonly Step[],
    of: string | null = place.current.listShown ? null : place.current.number,
  ): void {
    const { done, conflicts, failed, error } = outcome;
    const parts = done.length > 0 ? [text] : [];
    if (conflicts.length > 0) parts.push(words.conflicts(format.integer(conflicts.length)));
    if (failed.length > 0) parts.push(notSaved(format.integer(failed.length)), error ? problemText(error, texts) : '');
    const kind = failed.length > 0 ? 'failed' : conflicts.length > 0 ? 'conflict' : 'done';
    setSaid({ of, kind, text: parts.join(' '), undo });
  }

  function sayOfOne(about: string, outcome: Outcome, wanted: CaseChange, done: string, undo: readonly Step[]): void {
    const { kind } = outcome;
    if (!isChosen(about)) {
      // What went well is seen in its row.
      if (kind === 'conflict') sayOfMany({ ...NOTHING_DONE, conflicts: [about] }, '', words.notSaved, []);
      if (kind === 'failed') sayOfMany({ ...NOTHING_DONE, failed: [about], error: outcome.error }, '', words.notSaved, []);
    } else if (kind === 'done') {
      setSaid({ of: about, kind, text: done, undo });
    } else if (kind === 'conflict') {
      const { status, assignee } = outcome.alert;
      const is = wanted.status === undefined ? (assignee ?? words.nobody) : words.status[status];
      setSaid({ of: about, kind, text: words.conflict(actorName(changedBy(outcome.alert), locale), is), undo: [] });
    } else setSaid({ of: about, kind, text: `${words.failed} ${problemText(outcome.error, texts)}`, undo: [] });
  }

  async function ask(about: string, wanted: CaseChange, done: string, undo: readonly Step[] = []): Promise<Outcome> {
    setSaid(null);
    const outcome = await change(about, wanted);
    sayOfOne(about, outcome, wanted, done, undo);
    return outcome;
  }

  /** Makes a decision, which is the last one from now on; where it came to nothing, the one before is. */
  async function make(steps: readonly Step[], how: () => Promise<readonly string[]>): Promise<void> {
    const before = last.current;
    last.current = steps;
    for (const step of steps) making.current.add(step);
    const done = stepsOf(await how(), steps);
    for (const step of steps) making.current.delete(step);
    if (last.current === steps) last.current = done.length > 0 ? done : before;
  }

  function makeOne(step: Step): void {
    void make([step], async () => {
      const outcome = await ask(step.number, changeOf(step), words.done[step.to], [step]);
      return outcome.kind === 'done' ? [step.number] : [];
    });
  }

  function makeMany(steps: readonly Step[], to: CaseStatus): void {
    void make(steps, async () => {
      setSaid(null);
      const outcome = await bulk.run(steps.map((step) => ({ number: step.number, change: changeOf(step) })));
      const { done } = outcome;
      bulk.unselect(done);
      const text = words.doneMany[to](format.integer(done.length), done.length === 1);
      sayOfMany(outcome, text, words.failedMany, stepsOf(done, steps));
      return done;
    });
  }

  function decideAbout(target: Target, to: CaseStatus): void {
    if (!may || (target.many && bulk.busy)) return;
    const pressed = press(question, to, target);
    if (pressed.kind === 'asks') return setQuestion(pressed.question);
    const answered = document.activeElement?.closest('.confirm');
    setQuestion(null);
    if (target.many || answered) focusRow();
    const [step] = pressed.steps;
    if (target.many && !step) sayNothingToDo();
    else if (target.many) makeMany(pressed.steps, to);
    else if (step) makeOne(step);
  }

  function sayNothingToDo(): void {
    setSaid({ of: null, kind: 'done', text: words.nothingToDo, undo: [] });
  }

  async function assignMany(assignee: string | null): Promise<void> {
    if (!may || bulk.busy) return;
    setQuestion(null);
    const requests = bulk.selected
      .filter((alert) => alert.assignee !== assignee)
      .map((alert) => ({ number: alert.trans_num, change: { assignee, expected: { assignee: alert.assignee } } }));
    if (requests.length === 0) return sayNothingToDo();
    setSaid(null);
    const outcome = await bulk.run(requests);
    const { done } = outcome;
    bulk.unselect(done);
    const count = format.integer(done.length);
    const isOne = done.length === 1;
    const text = assignee === null ? words.releasedMany(count, isOne) : words.assignedMany(count, assignee, isOne);
    sayOfMany(outcome, text, words.failedMany, []);
  }

  function assignOne(assignee: string | null): void {
    if (!now || !may || now.assignee === assignee) return;
    const done = assignee === null ? words.releasedDone : words.assignedDone(assignee);
    void ask(now.trans_num, { assignee, expected: { assignee: now.assignee } }, done);
  }

  /** The cases are as they were before. What is selected for something else stays selected. */
  async function undo(steps: readonly Step[]): Promise<void> {
    last.current = last.current.filter((step) => !steps.includes(step));
    setQuestion(null);
    setSaid(null);
    const outcome = await bulk.run(steps.map((step) => ({ number: step.number, change: changeOf(takenBack(step)) })));
    const count = outcome.done.length;
    const failed = stepsOf(outcome.failed, steps);
    if (last.current.length === 0) last.current = failed;
    const undone = relabels(stepsOf(outcome.done, steps)) ? words.undoneLabelled : words.undone;
    const text = undone(format.integer(count), count === 1);
    const [first] = steps;
    const alone = steps.length === 1 && isChosen(first!.number) ? first!.number : undefined;
    sayOfMany(outcome, text, words.notSaved, failed, alone);
  }

  function mayUndo(steps: readonly Step[]): boolean {
    return may && steps.length > 0 && !bulk.busy && !steps.some((step) => making.current.has(step));
  }

  return {
    question,
    said,
    decide: (status) => meant && decideAbout(meant, status),
    decideOne: (status) => decideAbout(one, status),
    decideMany: (status) => decideAbout(many, status),
    confirm: () => question && decideAbout(question.many ? many : one, question.label),
    cancel: () => {
      setQuestion(null);
      focusRow();
    },
    assign: () => {
      if (meant?.many) void assignMany(bulk.selected.every((alert) => alert.assignee === me) ? null : me);
      else if (meant) assignOne(now?.assignee === me ? null : me);
    },
    assignOne,
    assignMany: (assignee) => void assignMany(assignee),
    addNote: async (note) => number !== null && may && (await ask(number, { note }, words.noteDone)).kind === 'done',
    undo: (steps) => {
      if (!mayUndo(steps)) return;
      focusRow();
      void undo(steps);
    },
    undoLast: () => {
      if (!mayUndo(last.current)) return false;
      void undo(last.current);
      return true;
    },
  };
}
