// The pages about pipelines: all of them, one of them with the form to run it, and one run.

import type { JSX } from 'preact';

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
import { RunsPanel } from './runs';

const ASK_EVERY_MS = 3_000;
const RUNS_SHOWN = 30;

interface PipelinesPageProps {
  readonly route: Extract<Route, { view: 'pipelines' | 'pipeline' | 'run' }>;
  readonly connection: Connection;
}

function All({ connection }: { readonly connection: Connection }): JSX.Element {
  const { texts } = useLocale();
  const words = texts.pipelines;
  const list = useResource<{ pipelines: Pipeline[] }>('/v1/pipelines', connection, ASK_EVERY_MS);
  const runs = useResource<{ runs: Run[] }>(`/v1/pipelines/runs?limit=${RUNS_SHOWN}`, connection, ASK_EVERY_MS);
  return (
    <>
      {connection !== 'lost' && <ResourceNotice of={list} absent={words.absent} />}
      {list.data && <PipelinesList pipelines={list.data.pipelines} />}
      {runs.data && runs.data.runs.length > 0 && (
        <RunsPanel title={words.allRuns} runs={runs.data.runs} named />
      )}
    </>
  );
}

function One({ name, connection }: { readonly name: string; readonly connection: Connection }): JSX.Element {
  const { texts } = useLocale();
  const words = texts.pipelines;
  const list = useResource<{ pipelines: Pipeline[] }>('/v1/pipelines', connection, ASK_EVERY_MS);
  const path = `/v1/pipelines/runs?pipeline=${encodeURIComponent(name)}&limit=${RUNS_SHOWN}`;
  const runs = useResource<{ runs: Run[] }>(path, connection, ASK_EVERY_MS);
  const pipeline = list.data?.pipelines.find((one) => one.name === name);
  const latest = runs.data?.runs.find(isUnderWay) ?? null;
  return (
    <>
      {connection !== 'lost' && <ResourceNotice of={list} absent={words.absent} />}
      {list.data && !pipeline && <Notice kind="absent">{words.noSuchPipeline}</Notice>}
      {pipeline && <PipelineView key={name} pipeline={pipeline} underWay={latest} />}
      {pipeline && runs.data && <RunsPanel title={words.runs} runs={runs.data.runs} named={false} />}
    </>
  );
}

export function PipelinesPage({ route, connection }: PipelinesPageProps): JSX.Element {
  const { texts } = useLocale();
  return (
    <main id="main" class={`${connection} pipelines`} tabIndex={-1}>
      {connection === 'lost' && <Notice kind="lost">{texts.lostText}</Notice>}
      {route.view === 'pipelines' && <All connection={connection} />}
      {route.view === 'pipeline' && <One name={route.name} connection={connection} />}
      {route.view === 'run' && <RunView key={route.id} id={route.id} connection={connection} />}
    </main>
  );
}
