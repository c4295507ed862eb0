// One pipeline: its steps, and the form that runs it.

import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';

import { postJson } from '../../api/client';
import type { Pipeline, Run } from '../../api/pipelines';
import { Fact } from '../../components/facts';
import { Heading } from '../../components/heading';
import { Notice } from '../../components/notice';
import { useMoment } from '../../components/when';
import { useLocale } from '../../context';
import { descriptionIn } from '../../i18n/pipeline_descriptions';
import { asError, problemText } from '../../problem';
import { hashOf } from '../../route';
import { usePermission } from '../../session';
import { argumentBlamed } from '../../state/run_progress';
import { StepsGraph } from './graph';
import { LastRun, NextRun, Success } from './list';
import { StateMark } from './state';

/** Arguments of a run that is to be run again; taken once, by the form of its pipeline. */
let again: { readonly pipeline: string; readonly values: Readonly<Record<string, string>> } | null = null;

export function runAgain(run: Run): void {
  again = { pipeline: run.pipeline, values: run.arguments };
  location.hash = hashOf({ view: 'pipeline', name: run.pipeline });
}

function firstValues(pipeline: Pipeline): Record<string, string> {
  const kept = again?.pipeline === pipeline.name ? again.values : {};
  again = null;
  return Object.fromEntries(
    pipeline.arguments.map(({ name, value }) => [name, kept[name] ?? value ?? '']),
  );
}

interface FieldProps {
  readonly name: string;
  /** The default; null where there is none. */
  readonly standard: string | null;
  readonly value: string;
  readonly refusal: string | undefined;
  readonly disabled: boolean;
  onChange(value: string): void;
}

function Field({ name, standard, value, refusal, disabled, onChange }: FieldProps): JSX.Element {
  const words = useLocale().texts.pipelines;
  const id = `argument-${name}`;
  const note = standard === null ? words.required : value !== standard ? words.defaultIs(standard) : '';
  return (
    <div class="argument">
      <label for={id}>
        <code>{name}</code> <span class="quiet">{note}</span>
      </label>
      <input
        id={id}
        name={name}
        type="text"
        value={value}
        disabled={disabled}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-invalid={refusal !== undefined}
        aria-describedby={refusal === undefined ? undefined : `${id}-refusal`}
        required={standard === null}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {refusal !== undefined && (
        <p id={`${id}-refusal`} class="failed">
          {refusal}
        </p>
      )}
    </div>
  );
}

function RunForm({ pipeline }: { readonly pipeline: Pipeline }): JSX.Element {
  const { texts } = useLocale();
  const words = texts.pipelines;
  const { may, why } = usePermission('admin');
  const [values, setValues] = useState(() => firstValues(pipeline));
  const [refusals, setRefusals] = useState<Readonly<Record<string, string>>>({});
  const [failed, setFailed] = useState('');
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  function refuse(found: Readonly<Record<string, string>>): void {
    setRefusals(found);
    const first = pipeline.arguments.find(({ name }) => found[name] !== undefined);
    if (first) form.current?.querySelector<HTMLInputElement>(`[name="${CSS.escape(first.name)}"]`)?.focus();
  }

  async function run(event: Event): Promise<void> {
    event.preventDefault();
    setFailed('');
    const missing = pipeline.arguments.filter(({ name, value }) => value === null && !values[name]);
    if (missing.length > 0)
      return refuse(Object.fromEntries(missing.map(({ name }) => [name, words.missing])));
    setRefusals({});
    setBusy(true);
    try {
      const given = Object.entries(values).filter(([, value]) => value !== '');
      const path = `/v1/pipelines/${encodeURIComponent(pipeline.name)}/run`;
      const made = await postJson<Run>(path, { arguments: Object.fromEntries(given) });
      location.hash = hashOf({ view: 'run', id: made.id });
    } catch (error) {
      const { message } = asError(error);
      const refusal = problemText(asError(error), texts);
      const blamed = argumentBlamed(message, pipeline.arguments.map(({ name }) => name));
      if (blamed === undefined) setFailed(`${words.runFailed} ${refusal}`);
      else refuse({ [blamed]: refusal });
      setBusy(false);
    }
  }

  return (
    <form class="panel run-form" ref={form} onSubmit={(event) => void run(event)} noValidate aria-labelledby="run-form">
      <div class="title">
        <h2 id="run-form">{words.runTitle}</h2>
        <span class="quiet">{pipeline.arguments.length > 0 ? words.runNote : words.noArguments}</span>
      </div>
      {pipeline.arguments.map(({ name, value }) => (
        <Field
          key={name}
          name={name}
          standard={value}
          value={values[name] ?? ''}
          refusal={refusals[name]}
          disabled={!may}
          onChange={(text) => setValues({ ...values, [name]: text })}
        />
      ))}
      <div class="submit">
        <button type="submit" class="main" disabled={!may || busy}>
          {busy ? words.starting : words.run}
        </button>
        {why && <span class="quiet">{why}</span>}
      </div>
      <p class="failed" role="alert">
        {failed}
      </p>
    </form>
  );
}

interface PipelineViewProps {
  readonly pipeline: Pipeline;
  /** A run of it that is not at its end. */
  readonly underWay: Run | null;
}

export function PipelineView({ pipeline, underWay }: PipelineViewProps): JSX.Element {
  const { language, texts } = useLocale();
  const words = texts.pipelines;
  const moment = useMoment();
  const steps = pipeline.steps.map(({ name, after, run }) => ({ name, after, note: run }));
  return (
    <>
      <div class="heading">
        <a href={hashOf({ view: 'pipelines' })}>← {words.back}</a>
        <Heading>{pipeline.name}</Heading>
      </div>
      <p>{descriptionIn(pipeline.description ?? '', language)}</p>
      {underWay && (
        <Notice kind="running">
          <a href={hashOf({ view: 'run', id: underWay.id })}>
            <StateMark state={underWay.state} /> {underWay.id}
          </a>
        </Notice>
      )}
      <div class="pipeline">
        <RunForm pipeline={pipeline} />
        <section class="panel" aria-labelledby="steps">
          <div class="title">
            <h2 id="steps">{words.steps}</h2>
          </div>
          <StepsGraph label={words.steps} steps={steps} />
          <dl class="facts">
            <Fact name={words.lastRun}>
              <LastRun pipeline={pipeline} />
            </Fact>
            <Fact name={words.success}>
              <Success pipeline={pipeline} />
            </Fact>
            <Fact name={words.median}>
              {pipeline.seconds_median === null ? '–' : moment.took(pipeline.seconds_median)}
            </Fact>
            <Fact name={words.nextRun}>
              <NextRun pipeline={pipeline} />
            </Fact>
          </dl>
        </section>
      </div>
    </>
  );
}
