// The live page: the stream as it is scored.

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { Notice } from '../../components/notice';
import { useLocale } from '../../context';
import type { Connection, LiveState } from '../../state/live';
import { Alerts } from './alerts';
import { RatesChart } from './rates';
import { ScoresChart } from './scores';
import { Totals } from './totals';
import { Transactions } from './transactions';

interface LiveProps {
  readonly connection: Connection;
  /** What is drawn: the latest state, or the one at which the viewer paused. */
  readonly state: LiveState;
}

function Notices({ connection, state }: LiveProps): JSX.Element {
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

export function LivePage({ connection, state }: LiveProps): JSX.Element {
  const { texts, format } = useLocale();
  // Drawn once a second, with the statistics, and not with every batch.
  const scores = useMemo(() => state.scores, [state.rates]);
  return (
    <main id="main" class={connection} tabIndex={-1}>
      <Notices connection={connection} state={state} />
      <Totals stats={state.stats} />
      <section class="charts" aria-label={texts.charts}>
        <figure class="panel">
          <figcaption class="title">
            <h2>{texts.ratesTitle}</h2>
          </figcaption>
          <RatesChart rates={state.rates} />
        </figure>
        <figure class="panel">
          <figcaption class="title">
            <h2>{texts.scoresTitle}</h2>
            <span class="quiet">{texts.scoresNote(format.integer(scores.length))}</span>
          </figcaption>
          <ScoresChart scores={scores} model={state.stats?.model ?? null} />
        </figure>
      </section>
      <div class="lists">
        <Alerts rows={state.alerts} />
        <Transactions rows={state.rows} />
      </div>
      {state.stats && (
        <footer>
          {texts.version(state.stats.version)} · {texts.uptime}{' '}
          {format.duration(state.stats.uptime_seconds)}
        </footer>
      )}
    </main>
  );
}
