// The pages about pipelines: all of them, one of them with the form to run it, and one run.

import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';

import type { Pipeline, Run } from '../../api/pipelines';
import { isUnderWay } from '../../api/pipelines';
import { useResource } from '../../api/resource';
import { Notice, ResourceNotice } from '../../components/notice';
import { useLocale } from '../../context';
import type { Route } from '../../route';
import type { Connection } from '../../state/live';
import { PipelinesList } from './list';
import { PipelineView } from './pipeline';
import { RunView } from './run';
import { allRuns, isOutcome, type RunsFilter } from '../../state/runs_filter';
import { RunsPanel } from './runs';

const ASK_EVERY_MS = 3_000;
const RUNS_SHOWN = 30;
/** Of which those of an outcome are looked for: as many as the service gives. */
const RUNS_SEARCHED = 200;

/**
 * The latest runs, as the filter has them. While another filter's are on their way, those of the last answer that
 * it lets through: the panel with the filter stays, and the focus in it.
 */
function useRuns(filter: RunsFilter, connection: Connection) {
  const limit = filter.outcome === 'any' ? RUNS_SHOWN : RUNS_SEARCHED;
  const of = filter.pipeline === null ? '' : `pipeline=${encodeURIComponent(filter.pipeline)}&`;
  const asked = useResource<{ runs: Run[] }>(`/v1/pipelines/runs?${of}limit=${limit}`, connection, ASK_EVERY_MS);
  const last = useRef<readonly Run[] | null>(null);
  if (asked.data) last.current = asked.data.runs;
  const found = last.current?.filter((run) => filter.pipeline === null || run.pipeline === filter.pipeline) ?? null;
  const runs = found?.filter((run) => isOutcome(run, filter.outcome)).slice(0, RUNS_SHOWN) ?? null;
  return { runs, latest: found?.find(isUnderWay) ?? null };
}

interface PipelinesPageProps {
  readonly route: Extract<Route, { view: 'pipelines' | 'pipeline' | 'run' }>;
  readonly connection: Connection;
}

function All({ connection }: { readonly connection: Connection }): JSX.Element {
  const { texts } = useLocale();
  const words = texts.pipelines;
  const list = useResource<{ pipelines: Pipeline[] }>('/v1/pipelines', connection, ASK_EVERY_MS);
  const [filter, setFilter] = useState<RunsFilter>(allRuns);
  const { runs } = useRuns(filter, connection);
  const names = list.data?.pipelines.map(({ name }) => name) ?? [];
  return (
    <>
      {connection !== 'lost' && <ResourceNotice of={list} absent={words.absent} />}
      {list.data && <PipelinesList pipelines={list.data.pipelines} />}
      {runs && (runs.length > 0 || filter !== allRuns) && (
        <RunsPanel title={words.allRuns} runs={runs} named names={names} filter={filter} onFilter={setFilter} />
      )}
    </>
  );
}

function One({ name, connection }: { readonly name: string; readonly connection: Connection }): JSX.Element {
  const { texts } = useLocale();
  const words = texts.pipelines;
  const list = useResource<{ pipelines: Pipeline[] }>('/v1/pipelines', connection, ASK_EVERY_MS);
  const [filter, setFilter] = useState<RunsFilter>({ ...allRuns, pipeline: name });
  const { runs, latest } = useRuns(filter, connection);
  const pipeline = list.data?.pipelines.find((one) => one.name === name);
  return (
    <>
      {connection !== 'lost' && <ResourceNotice of={list} absent={words.absent} />}
      {list.data && !pipeline && <Notice kind="absent">{words.noSuchPipeline}</Notice>}
      {pipeline && <PipelineView key={name} pipeline={pipeline} underWay={latest} />}
      {pipeline && runs && (
        <RunsPanel title={words.runs} runs={runs} named={false} names={[]} filter={filter} onFilter={setFilter} />
      )}
    </>
  );
}

export function PipelinesPage({ route, connection }: PipelinesPageProps): JSX.Element {
  const { texts } = useLocale();
  return (
    <main id="main" class={`${connection} pipelines`} tabIndex={-1}>
      {connection === 'lost' && <Notice kind="lost">{texts.lostText}</Notice>}
      {route.view === 'pipelines' && <All connection={connection} />}
      {route.view === 'pipeline' && <One key={route.name} name={route.name} connection={connection} />}
      {route.view === 'run' && <RunView key={route.id} id={route.id} connection={connection} />}
    </main>
  );
}
