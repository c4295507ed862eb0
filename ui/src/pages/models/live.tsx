// The challenger beside the champion on the same live transactions: how often they decide alike, and
// where labels have come, which of them was right.

import type { JSX } from 'preact';

import type { LiveComparison, LiveHits } from '../../api/models';
import { isAbsent, useResource } from '../../api/resource';
import { Fact } from '../../components/facts';
import { ResourceNotice } from '../../components/notice';
import { useLocale, type Locale } from '../../context';
import { hashOf } from '../../route';

const ASK_EVERY_MS = 5_000;

/** The rows of the table: what each says of either. */
function rowsOf({ texts, format }: Locale): readonly (readonly [string, (of: LiveHits) => string])[] {
  const words = texts.models;
  const share = (value: number | null): string => (value === null ? '–' : format.percent(value));
  return [
    [words.alertsRaised, (of) => format.integer(of.alerts)],
    [words.metricNames['precision'] ?? '', (of) => share(of.precision)],
    [words.metricNames['recall'] ?? '', (of) => share(of.recall)],
    [words.caught, (of) => format.integer(of.true_positives)],
    [words.missed, (of) => format.integer(of.false_negatives)],
    [words.falseAlarms, (of) => format.integer(of.false_positives)],
  ];
}

function Compared({ of }: { readonly of: LiveComparison }): JSX.Element {
  const locale = useLocale();
  const { texts, format } = locale;
  const words = texts.models;
  const { champion, challenger, comparison } = of;
  const both = [champion, challenger].map((model) => `${model.name}/${model.version}`) as [string, string];
  return (
    <>
      <dl class="facts">
        <Fact name={texts.transactions}>{format.integer(comparison.transactions)}</Fact>
        <Fact name={words.agreement}>
          {comparison.agreement === null ? '–' : format.percent(comparison.agreement)}
        </Fact>
        <Fact name={words.scoreDifference}>
          {comparison.transactions === 0
            ? '–'
            : words.meanAndMost(format.score(comparison.score_difference.mean), format.score(comparison.score_difference.max))}
        </Fact>
        <Fact name={words.behind}>{format.integer(of.lag_events)}</Fact>
      </dl>
      <div class="sideways" role="region" aria-labelledby="live-comparison" tabIndex={0}>
        <table class="fitted">
          <thead>
            <tr>
              <th scope="col">{words.metric}</th>
              <th scope="col" class="number">
                {words.aliases.champion} <span class="version">{champion.version}</span>
              </th>
              <th scope="col" class="number">
                {words.aliases.challenger} <span class="version">{challenger.version}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rowsOf(locale).map(([name, show]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{show(comparison.champion)}</td>
                <td class="number">{show(comparison.challenger)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="few">
        <a href={hashOf({ view: 'comparison', models: both })}>{words.compareReports} →</a>
      </p>
    </>
  );
}

export function LivePanel({ asked }: { readonly asked: string }): JSX.Element {
  const words = useLocale().texts.models;
  const live = useResource<LiveComparison>('/v1/models/live', asked, ASK_EVERY_MS);
  return (
    <section class="panel live-comparison" aria-labelledby="live-comparison">
      <div class="title">
        <h2 id="live-comparison">{words.liveComparison}</h2>
        <span class="quiet">{words.liveComparisonNote}</span>
      </div>
      <ResourceNotice of={live} absent={words.notFollowed} />
      {live.data && !isAbsent(live.error) && <Compared of={live.data} />}
    </section>
  );
}
