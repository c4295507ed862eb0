// How the service is: health, sizes, lags, and how far its transactions have drifted from training.

import type { JSX } from 'preact';

import { getMetrics } from '../../api/metrics';
import { useResource, type Resource } from '../../api/resource';
import type { Stats } from '../../api/types';
import { Fact } from '../../components/facts';
import { Heading } from '../../components/heading';
import { Notice, ResourceNotice } from '../../components/notice';
import { useLocale } from '../../context';
import { hashOf } from '../../route';
import type { Connection } from '../../state/live';
import { Configuration } from './configuration';
import { DriftPanel } from './drift';

const ASK_EVERY_MS = 5_000;

type Metrics = ReadonlyMap<string, number>;

interface HealthProps {
  readonly stats: Stats;
  readonly ready: Resource<unknown>;
  readonly metrics: Metrics;
}

function Health({ stats, ready, metrics }: HealthProps): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.system;
  const { model } = stats;
  const mismatches = metrics.get('haechi_recovery_mismatches') ?? 0;
  return (
    <section class="panel" aria-labelledby="health">
      <div class="title">
        <h2 id="health">{words.health}</h2>
      </div>
      <dl class="facts">
        <Fact name={words.state}>
          {ready.error ? (
            <b class="bad">{words.notReady}</b>
          ) : (
            <b>{ready.data === null ? '–' : words.ready}</b>
          )}
        </Fact>
        <Fact name={words.version}>{texts.version(stats.version)}</Fact>
        <Fact name={texts.uptime}>{format.duration(stats.uptime_seconds)}</Fact>
        <Fact name={words.model}>
          {model ? (
            <a href={hashOf({ view: 'model', name: model.name, version: model.version })}>
              {model.name} <span class="version">{model.version}</span>
            </a>
          ) : (
            texts.noModel
          )}
        </Fact>
        {model && (
          <Fact name={texts.models.thresholds}>
            {texts.models.thresholdsText(
              format.score(model.threshold),
              format.score(model.decline_threshold),
            )}
          </Fact>
        )}
        <Fact name={words.latency}>
          {stats.latency_us.max === 0 ? (
            '–' // nothing was scored since the start
          ) : (
            <>
              {format.latency(stats.latency_us.p50)}{' '}
              <span class="quiet">{texts.latencyNote(format.latency(stats.latency_us.p99))}</span>
            </>
          )}
        </Fact>
        <Fact name={words.recovery}>
          {mismatches === 0 ? words.recoveryExact : <b class="bad">{format.integer(mismatches)}</b>}
        </Fact>
      </dl>
    </section>
  );
}

/** Those that have a value: what is not in use has no metric. */
function Values({ rows }: { readonly rows: readonly (readonly [string, string | null])[] }): JSX.Element {
  return (
    <dl class="facts">
      {rows.map(([name, value]) =>
        value === null ? null : (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ),
      )}
    </dl>
  );
}

function Sizes({ stats, metrics }: { readonly stats: Stats; readonly metrics: Metrics }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.system;
  const show = (name: string, how: (value: number) => string): string | null => {
    const value = metrics.get(name);
    return value === undefined ? null : how(value);
  };
  const position = metrics.get('haechi_log_position');
  const checkpoint = metrics.get('haechi_checkpoint_position');
  const behind =
    position === undefined || checkpoint === undefined ? null : format.integer(position - checkpoint);
  return (
    <>
      <section class="panel" aria-labelledby="sizes">
        <div class="title">
          <h2 id="sizes">{words.sizes}</h2>
        </div>
        <Values
          rows={[
            [words.store, show('haechi_store_bytes', format.bytes)],
            [words.graph, show('haechi_graph_bytes', format.bytes)],
            [words.cards, format.integer(stats.cards)],
            [words.merchants, format.integer(stats.merchants)],
            [words.edges, show('haechi_edges', format.integer)],
            [words.position, show('haechi_log_position', format.integer)],
          ]}
        />
      </section>
      <section class="panel" aria-labelledby="lags">
        <div class="title">
          <h2 id="lags">{words.lags}</h2>
        </div>
        <Values
          rows={[
            [words.queue, show('haechi_queue_depth', format.integer)],
            [words.checkpoint, behind],
            [words.overloaded, show('haechi_overloaded_total', format.integer)],
            [words.rejected, show('haechi_rejected_total', format.integer)],
            [words.kafka, show('haechi_kafka_lag', format.integer)],
            [words.neo4j, show('haechi_neo4j_lag_events', format.integer)],
            [words.neo4jSeconds, show('haechi_neo4j_lag_seconds', format.duration)],
          ]}
        />
      </section>
    </>
  );
}

interface SystemPageProps {
  readonly connection: Connection;
  readonly stats: Stats | null;
}

export function SystemPage({ connection, stats }: SystemPageProps): JSX.Element {
  const { texts } = useLocale();
  const ready = useResource('/readyz', connection, ASK_EVERY_MS);
  const metrics = useResource<Metrics>('/metrics', connection, ASK_EVERY_MS, getMetrics);
  return (
    <main id="main" class={connection} tabIndex={-1}>
      <Heading>{texts.views.system}</Heading>
      {connection === 'lost' && <Notice kind="lost">{texts.lostText}</Notice>}
      {stats === null && connection !== 'lost' && (
        <Notice kind="connecting">{texts.connectingText}</Notice>
      )}
      {stats && <Health stats={stats} ready={ready} metrics={metrics.data ?? new Map()} />}
      {connection !== 'lost' && <ResourceNotice of={metrics} absent={texts.askFailed} />}
      {stats && metrics.data && <Sizes stats={stats} metrics={metrics.data} />}
      <Configuration connection={connection} />
      <DriftPanel connection={connection} />
    </main>
  );
}
