// The figures at the top of the live page: how things are this second, and since the log began.

import type { JSX } from 'preact';

import type { Stats } from '../../api/types';
import { Figure } from '../../components/figure';
import { useLocale } from '../../context';

/** How far those behind the service are: only of what is in use. */
function Lags({ stats }: { readonly stats: Stats }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.live;
  const { kafka, neo4j } = stats;
  return (
    <>
      {kafka && (
        <Figure
          name={words.kafka}
          value={format.integer(kafka.lag)}
          note={words.kafkaNote(format.integer(kafka.partitions))}
        />
      )}
      {neo4j && (
        <Figure
          name={words.neo4j}
          value={format.integer(neo4j.behind)}
          note={neo4j.up ? words.neo4jNote : <span class="bad">{words.neo4jDown}</span>}
        />
      )}
    </>
  );
}

export function Totals({ stats }: { readonly stats: Stats | null }): JSX.Element {
  const { texts, format } = useLocale();
  const show = (value: number | undefined): string =>
    value === undefined ? '–' : format.integer(value);
  const share = (count: number | undefined): string =>
    stats && count !== undefined && stats.transactions > 0
      ? format.percent(count / stats.transactions)
      : '';
  const verdicts = stats?.verdicts;
  const scored = stats !== null && stats.transactions > 0;
  return (
    <section aria-label={texts.overview}>
      <dl class="figures">
        <Figure
          name={texts.transactions}
          value={show(stats?.transactions)}
          note={stats && texts.cardsAndMerchants(show(stats.cards), show(stats.merchants))}
        />
        <Figure
          name={texts.approved}
          value={show(verdicts?.approve)}
          note={share(verdicts?.approve)}
          kind="approve"
        />
        <Figure
          name={texts.inReview}
          value={show(verdicts?.review)}
          note={share(verdicts?.review)}
          kind="review"
        />
        <Figure
          name={texts.declined}
          value={show(verdicts?.decline)}
          note={share(verdicts?.decline)}
          kind="decline"
        />
        <Figure
          name={texts.live.alertRate}
          value={stats?.alert_rate == null ? '–' : format.percent(stats.alert_rate)}
          note={
            verdicts && texts.live.alertCount(format.integer(verdicts.review + verdicts.decline))
          }
        />
        <Figure
          name={texts.fraudsLabelled}
          value={show(stats?.frauds_labelled)}
          note={stats && texts.ofLabels(format.integer(stats.labels))}
        />
        <Figure
          name={texts.rate}
          value={stats ? format.rate(stats.rate_per_second) : '–'}
          note={texts.rateNote}
        />
        <Figure
          name={texts.latency}
          value={scored ? format.latency(stats.latency_us.p50) : '–'}
          note={scored && texts.latencyNote(format.latency(stats.latency_us.p99))}
        />
        {stats && <Lags stats={stats} />}
      </dl>
    </section>
  );
}
