// The live page: the stream as it is scored, and what a range of time comes to.

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { Heading } from '../../components/heading';
import { Notice } from '../../components/notice';
import { useLocale } from '../../context';
import type { Connection, LiveState } from '../../state/live';
import { shareDrawn } from '../../state/sample';
import type { Store } from '../../state/store';
import { Alerts } from './alerts';
import { BoardSection } from './board';
import { Filters } from './filters';
import { RatesChart } from './rates';
import { ScoresChart } from './scores';
import { Totals } from './totals';
import { Transactions } from './transactions';

interface LiveProps {
  readonly connection: Connection;
  /** What is drawn: the latest state, or the one at which the viewer paused. */
  readonly state: LiveState;
  readonly latest: LiveState;
  readonly store: Store;
  readonly paused: boolean;
  onPause(): void;
}

function Notices({ connection, state }: Pick<LiveProps, 'connection' | 'state'>): JSX.Element {
  const { texts, format } = useLocale();
  return (
    <>
      {connection === 'connecting' && <Notice kind="connecting">{texts.connectingText}</Notice>}
      {connection === 'lost' && (
        <Notice kind="lost">
          {texts.lostText}{' '}
          {state.heardAt !== null && texts.lastHeard(format.clock(state.heardAt))}
        </Notice>
      )}
      {state.stats !== null && state.stats.model === null && (
        <Notice kind="no-model">
          <b>{texts.noModelTitle}</b> {texts.noModelText}
          <pre>
            <code>
              {'haechi train xgboost --train fraudTrain.csv --out model\nhaechi serve --model model'}
            </code>
          </pre>
        </Notice>
      )}
    </>
  );
}

function Pause({ paused, state, latest, onPause }: LiveProps): JSX.Element {
  const { texts, format } = useLocale();
  const arrived = (latest.stats?.transactions ?? 0) - (state.stats?.transactions ?? 0);
  return (
    <button type="button" class="pause" onClick={onPause} aria-pressed={paused}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={paused ? 'M4 2.500v11l9-5.500z' : 'M3.500 2.500h3v11h-3zM9.500 2.500h3v11h-3z'} />
      </svg>
      {paused ? texts.resume : texts.pause}
      {paused && arrived > 0 && (
        <span class="fresh">{texts.newWhilePaused(format.integer(arrived))}</span>
      )}
    </button>
  );
}

/** Drawn once a second, with the statistics, and not with every batch. */
function Charts({ state }: Pick<LiveProps, 'state'>): JSX.Element {
  const { texts, format } = useLocale();
  const scores = useMemo(() => state.scores, [state.rates]);
  return (
    <section class="charts" aria-label={texts.charts}>
      <figure class="panel">
        <figcaption class="title">
          <h3>{texts.ratesTitle}</h3>
        </figcaption>
        <RatesChart rates={state.rates} />
      </figure>
      <figure class="panel">
        <figcaption class="title">
          <h3>{texts.scoresTitle}</h3>
          <span class="quiet">{texts.scoresNote(format.integer(scores.length))}</span>
        </figcaption>
        <ScoresChart scores={scores} model={state.stats?.model ?? null} />
      </figure>
    </section>
  );
}

export function LivePage(props: LiveProps): JSX.Element {
  const { connection, state, store, paused } = props;
  const { texts, format } = useLocale();
  return (
    <main id="main" class={connection} tabIndex={-1}>
      <div class="heading">
        <Heading>{texts.views.live}</Heading>
        <Filters store={store} />
        <Pause {...props} />
      </div>
      <Notices connection={connection} state={state} />
      <Totals stats={state.stats} />
      <Charts state={state} />
      <div class="lists">
        <Alerts rows={state.alerts} filter={state.filter} />
        <Transactions rows={state.rows} filter={state.filter} share={shareDrawn(state.samples)} />
      </div>
      <BoardSection connection={connection} stats={state.stats} paused={paused} />
      {state.stats && (
        <footer>
          {texts.version(state.stats.version)} · {texts.uptime}{' '}
          {format.duration(state.stats.uptime_seconds)}
        </footer>
      )}
    </main>
  );
}
