// Runs as a table, the latest first.

import type { JSX } from 'preact';

import { actorName } from '../../actor';
import type { Run } from '../../api/pipelines';
import { isUnderWay } from '../../api/pipelines';
import { useMoment, When } from '../../components/when';
import { useLocale } from '../../context';
import { hashOf } from '../../route';
import { OUTCOMES, type RunsFilter } from '../../state/runs_filter';
import { shareDone } from '../../state/run_progress';
import { StateMark } from './state';

export function ModelLink({ run }: { readonly run: Run }): JSX.Element {
  const { model } = run;
  if (!model) return <span class="quiet">–</span>;
  return (
    <a href={hashOf({ view: 'model', name: model.name, version: model.version })}>
      {model.name} <span class="version">{model.version}</span>
    </a>
  );
}

export function argumentsText(run: Run): string {
  return Object.entries(run.arguments)
    .map(([name, value]) => `${name}=${value}`)
    .join('  ');
}

interface RowProps {
  readonly run: Run;
  /** With the pipeline's name. */
  readonly named: boolean;
}

function Row({ run, named }: RowProps): JSX.Element {
  const locale = useLocale();
  const { format } = locale;
  const moment = useMoment();
  return (
    <tr>
      <td>
        <a href={hashOf({ view: 'run', id: run.id })}>
          {named ? <b>{run.pipeline}</b> : run.id}
          {named && <span class="version run-id"> {run.id}</span>}
        </a>
      </td>
      <td>
        <StateMark state={run.state} />
        {isUnderWay(run) && <span class="quiet"> {format.share(shareDone(run))}</span>}
      </td>
      <td class="wide">
        <When iso={run.started ?? run.created} />
      </td>
      <td class="number">{run.seconds === null ? '–' : moment.took(run.seconds)}</td>
      <td class="wide arguments">
        <code>{argumentsText(run)}</code>
      </td>
      <td class="wide">
        <ModelLink run={run} />
      </td>
      <td class="wide">{run.by ? actorName(run.by, locale) : '–'}</td>
    </tr>
  );
}

interface RunsPanelProps {
  readonly title: string;
  readonly runs: readonly Run[];
  readonly named: boolean;
  /** The pipelines that can be chosen; empty where it is one. */
  readonly names: readonly string[];
  readonly filter: RunsFilter;
  onFilter(filter: RunsFilter): void;
}

function Filters({ names, filter, onFilter }: RunsPanelProps): JSX.Element {
  const words = useLocale().texts.pipelines;
  return (
    <div class="runs-filter">
      {names.length > 1 && (
        <select
          aria-label={words.name}
          value={filter.pipeline ?? ''}
          onChange={(event) => onFilter({ ...filter, pipeline: event.currentTarget.value || null })}
        >
          <option value="">{words.anyPipeline}</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
      <select
        aria-label={words.columns.state}
        value={filter.outcome}
        onChange={(event) => onFilter({ ...filter, outcome: event.currentTarget.value as RunsFilter['outcome'] })}
      >
        {OUTCOMES.map((outcome) => (
          <option key={outcome} value={outcome}>
            {words.outcomes[outcome]}
          </option>
        ))}
      </select>
    </div>
  );
}

export function RunsPanel(props: RunsPanelProps): JSX.Element {
  const { title, runs, named, filter } = props;
  const words = useLocale().texts.pipelines;
  const { columns } = words;
  return (
    <section class="panel" aria-labelledby="runs">
      <div class="title">
        <h2 id="runs">{title}</h2>
        <Filters {...props} />
      </div>
      {runs.length === 0 ? (
        <p class="none">{filter.outcome === 'any' ? words.noRuns : words.noSuchRuns}</p>
      ) : (
        <table class="fitted runs-table">
          <thead>
            <tr>
              <th scope="col">{columns.run}</th>
              <th scope="col">{columns.state}</th>
              <th scope="col" class="wide">{columns.started}</th>
              <th scope="col" class="number">{columns.took}</th>
              <th scope="col" class="wide">{columns.arguments}</th>
              <th scope="col" class="wide">{columns.model}</th>
              <th scope="col" class="wide">{columns.by}</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <Row key={run.id} run={run} named={named} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
