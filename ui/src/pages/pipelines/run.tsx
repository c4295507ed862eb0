// One run: its steps lighting up, what they say as they say it, and what can be done with it.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { actorName } from '../../actor';
import { postJson } from '../../api/client';
import { isUnderWay, type Run, type RunStep } from '../../api/pipelines';
import { useResource } from '../../api/resource';
import { Fact } from '../../components/facts';
import { Heading } from '../../components/heading';
import { ResourceNotice } from '../../components/notice';
import { useMoment, useNow, When } from '../../components/when';
import { useLocale, type Locale } from '../../context';
import type { Moment } from '../../moment';
import { asError, problemText } from '../../problem';
import { hashOf } from '../../route';
import { usePermission } from '../../session';
import type { Connection } from '../../state/live';
import { shareDone, stepToResume, tellingStep } from '../../state/run_progress';
import { StepsGraph, type GraphStep } from './graph';
import { LogPanel } from './log';
import { runAgain } from './pipeline';
import { ModelLink } from './runs';
import { StateMark } from './state';

const ASK_EVERY_MS = 1_000;

/** Of what is under way, as long as the clock says since its start; otherwise as long as it took. */
export function secondsOf(
  of: { readonly state: string; readonly started: string | null; readonly seconds: number | null },
  now: number,
): number | null {
  if (of.state !== 'running' || of.started === null) return of.seconds;
  return Math.max(of.seconds ?? 0, (now - new Date(of.started).getTime()) / 1000);
}

function stepNote(step: RunStep, now: number, { texts, format }: Locale, moment: Moment): string {
  const words = texts.pipelines;
  const seconds = secondsOf(step, now);
  const parts = [words.states[step.state]];
  if (step.state === 'running' && typeof step.progress === 'number') parts.push(format.share(step.progress));
  if (step.state !== 'waiting' && seconds !== null) parts.push(moment.took(seconds));
  return parts.join(' · ');
}

interface AskProps {
  readonly run: Run;
  onChanged(): void;
}

/** A button that asks for a change of the run, and says why it was refused. */
function useAsk(path: string, refused: string, onChanged: () => void) {
  const { texts } = useLocale();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState('');
  const ask = async (): Promise<void> => {
    setBusy(true);
    setFailed('');
    try {
      await postJson<Run>(path, {});
      onChanged();
    } catch (error) {
      setFailed(`${refused} ${problemText(asError(error), texts)}`);
    }
    setBusy(false);
  };
  return { busy, failed, ask };
}

function runPath(run: Run): string {
  return `/v1/pipelines/runs/${encodeURIComponent(run.id)}`;
}

/** Asked once more, in the same place: what ran for an hour is not ended by a slip. */
function Cancel({ run, onChanged }: AskProps): JSX.Element {
  const words = useLocale().texts.pipelines;
  const { may, why } = usePermission('admin');
  const [asked, setAsked] = useState(false);
  const [sent, setSent] = useState(false);
  const keep = useRef<HTMLButtonElement>(null);
  const { busy, failed, ask } = useAsk(`${runPath(run)}/cancel`, words.cancelFailed, () => {
    setSent(true);
    onChanged();
  });
  useEffect(() => {
    if (asked) keep.current?.focus();
  }, [asked]);
  if (sent && !failed) return <span class="quiet">{words.cancelling}</span>;
  if (!asked)
    return (
      <button type="button" disabled={!may} title={why} onClick={() => setAsked(true)}>
        {words.cancel}
      </button>
    );
  return (
    <div class="confirm" role="group" aria-label={words.cancel}>
      <p>{words.cancelQuestion}</p>
      <button type="button" ref={keep} onClick={() => setAsked(false)}>
        {words.keepRunning}
      </button>
      <button type="button" class="danger" disabled={busy} onClick={() => void ask()}>
        {words.cancelDo}
      </button>
      <p class="failed" role="alert">
        {failed}
      </p>
    </div>
  );
}

function Resume({ run, onChanged }: AskProps): JSX.Element | null {
  const words = useLocale().texts.pipelines;
  const { may, why } = usePermission('admin');
  const { busy, failed, ask } = useAsk(`${runPath(run)}/resume`, words.resumeFailed, onChanged);
  const step = stepToResume(run);
  if (!step) return null;
  return (
    <>
      <button type="button" class="main" disabled={!may || busy} title={why} onClick={() => void ask()}>
        {busy ? words.resuming : words.resume(step.name)}
      </button>
      <span class="failed" role="alert">
        {failed}
      </span>
    </>
  );
}

function About({ run, now }: { readonly run: Run; readonly now: number }): JSX.Element {
  const locale = useLocale();
  const { texts, format } = locale;
  const words = texts.pipelines;
  const moment = useMoment();
  const seconds = secondsOf(run, now);
  const done = run.steps.filter((step) => step.state === 'succeeded').length;
  const share = shareDone(run);
  return (
    <section class="panel run-about" aria-label={words.runFound}>
      <div
        class={`run-progress ${run.state}`}
        role="progressbar"
        aria-label={words.progress}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        style={{ '--share': share }}
      />
      <dl class="facts">
        <Fact name={words.columns.state}>
          <StateMark state={run.state} />
        </Fact>
        <Fact name={words.progress}>
          {words.stepsDone(format.integer(done), format.integer(run.steps.length))}
        </Fact>
        <Fact name={words.columns.took}>{seconds === null ? '–' : moment.took(seconds)}</Fact>
        <Fact name={words.columns.started}>
          {run.started === null ? '–' : moment.full(run.started)}{' '}
          {run.started !== null && (
            <span class="quiet">
              <When iso={run.started} />
            </span>
          )}
        </Fact>
        <Fact name={words.startedBy}>{run.by ? actorName(run.by, locale) : '–'}</Fact>
        <Fact name={words.attempt}>{format.integer(run.attempt)}</Fact>
        <Fact name={words.model}>
          <ModelLink run={run} />
        </Fact>
        {Object.entries(run.arguments).map(([name, value]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** How a run ended is said once, and only to those who were there while it ran. */
function useEnding(run: Run | null): string {
  const words = useLocale().texts.pipelines;
  const [said, setSaid] = useState('');
  const was = useRef<Run['state'] | null>(null);
  useEffect(() => {
    if (run && was.current !== null && was.current !== run.state) setSaid(words.said[run.state]);
    was.current = run?.state ?? null;
  }, [run?.state]);
  return said;
}

interface ShownProps {
  readonly run: Run;
  readonly connection: Connection;
  onChanged(): void;
}

function Shown({ run, connection, onChanged }: ShownProps): JSX.Element {
  const locale = useLocale();
  const words = locale.texts.pipelines;
  const moment = useMoment();
  const now = useNow(isUnderWay(run) ? 1_000 : 0);
  // The step that tells most, until the reader chooses one.
  const [chosen, setChosen] = useState<string | null>(null);
  const step = run.steps.find((one) => one.name === chosen) ?? tellingStep(run);
  const steps = run.steps.map(
    (one): GraphStep => ({
      name: one.name,
      after: one.after,
      state: one.state,
      note: stepNote(one, now, locale, moment),
      progress: one.progress ?? null,
    }),
  );
  return (
    <>
      <div class="heading">
        <a href={hashOf({ view: 'pipeline', name: run.pipeline })}>← {run.pipeline}</a>
        <Heading>
          {run.pipeline} <span class="version">{run.id}</span>
        </Heading>
        {isUnderWay(run) ? (
          <Cancel key={run.attempt} run={run} onChanged={onChanged} />
        ) : (
          <>
            <Resume run={run} onChanged={onChanged} />
            <button type="button" onClick={() => runAgain(run)}>
              {words.again}
            </button>
          </>
        )}
      </div>
      <About run={run} now={now} />
      <section class="panel" aria-labelledby="steps">
        <div class="title">
          <h2 id="steps">{words.steps}</h2>
        </div>
        <StepsGraph label={words.steps} steps={steps} chosen={step?.name} onChoose={setChosen} />
      </section>
      {step && <LogPanel key={`${step.name} ${run.attempt}`} run={run} step={step} connection={connection} />}
    </>
  );
}

interface RunViewProps {
  readonly id: string;
  readonly connection: Connection;
}

export function RunView({ id, connection }: RunViewProps): JSX.Element {
  const words = useLocale().texts.pipelines;
  const [changes, setChanges] = useState(0);
  const [ended, setEnded] = useState(false);
  const path = `/v1/pipelines/runs/${encodeURIComponent(id)}`;
  const asked = useResource<Run>(path, `${changes} ${connection}`, ended ? 0 : ASK_EVERY_MS);
  const run = asked.data;
  const over = run !== null && !isUnderWay(run);
  useEffect(() => setEnded(over), [over]);
  const said = useEnding(run);
  return (
    <>
      {connection !== 'lost' && <ResourceNotice of={asked} absent={words.noSuchRun} />}
      {run && (
        <Shown
          run={run}
          connection={connection}
          onChanged={() => {
            setEnded(false);
            setChanges(changes + 1);
          }}
        />
      )}
      <p class="hidden" role="status">
        {said}
      </p>
    </>
  );
}
