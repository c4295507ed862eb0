// Two versions side by side: their metrics with the differences, their curves in one field, and the
// parameters that differ.

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import type { ModelComparison, ModelShown, Report } from '../../api/models';
import { useResource } from '../../api/resource';
import { ChartPanel } from '../../components/chart_panel';
import { Heading } from '../../components/heading';
import { ResourceNotice } from '../../components/notice';
import { useLocale } from '../../context';
import { hashOf } from '../../route';
import {
  costOption,
  precisionRecallOption,
  reliabilityLinesOption,
  rocOption,
  type NamedReport,
} from './curves';
import { Aliases } from './list';
import { compareMetric, judgedAlike, metricName, showDifference, showMetric } from './metrics';

interface DifferenceProps {
  /** Whether both were judged on the same transactions; else no value is better. */
  readonly alike: boolean;
  readonly name: string;
  readonly first: number;
  readonly second: number;
}

function Difference({ alike, name, first, second }: DifferenceProps): JSX.Element {
  const locale = useLocale();
  const { texts } = locale;
  const way = alike ? compareMetric(name, first, second) : 0;
  return (
    <span class={`difference ${way > 0 ? 'better' : way < 0 ? 'worse' : ''}`}>
      {showDifference(name, second - first, locale)}
      {way !== 0 && <small> {way > 0 ? texts.models.better : texts.models.worse}</small>}
    </span>
  );
}

function Heads({ models }: { readonly models: ModelComparison['models'] }): JSX.Element {
  return (
    <>
      {models.map((model) => (
        <th scope="col" key={`${model.name}/${model.version}`}>
          <a href={hashOf({ view: 'model', name: model.name, version: model.version })}>
            {model.name} <span class="version">{model.version}</span>
          </a>{' '}
          {model.aliases.length > 0 && <Aliases aliases={model.aliases} />}
        </th>
      ))}
    </>
  );
}

function MetricsTable({ of }: { readonly of: ModelComparison }): JSX.Element {
  const locale = useLocale();
  const words = locale.texts.models;
  const alike = judgedAlike(of.metrics);
  return (
    <table class="fitted compared">
      {!alike && <caption class="quiet">{words.judgedApart}</caption>}
      <thead>
        <tr>
          <th scope="col">{words.metric}</th>
          <Heads models={of.models} />
          <th scope="col">{words.difference}</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(of.metrics).map(([name, [first = null, second = null]]) => (
          <tr key={name}>
            <th scope="row">{metricName(name, locale)}</th>
            <td>{first === null ? '–' : showMetric(name, first, locale)}</td>
            <td>{second === null ? '–' : showMetric(name, second, locale)}</td>
            <td>
              {first === null || second === null ? (
                '–'
              ) : (
                <Difference alike={alike} name={name} first={first} second={second} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ParametersTable({ of }: { readonly of: ModelComparison }): JSX.Element {
  const { texts } = useLocale();
  const rows = Object.entries(of.parameters);
  if (rows.length === 0) return <p class="none">{texts.models.sameParameters}</p>;
  return (
    <table class="fitted compared">
      <thead>
        <tr>
          <th scope="col">{texts.models.parameters}</th>
          <Heads models={of.models} />
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, values]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {of.models.map((_, i) => (
              <td key={i}>{values[i] ?? '–'}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A version as its address in the API has it: "xgboost/2026…", "xgboost@champion". */
function pathOf(model: string): string {
  const [, name = model, version = 'latest'] = /^(.*?)[/@](.*)$/.exec(model) ?? [];
  return `/v1/models/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;
}

/** The curves that either has, both in one field. */
function Curves({ models, asked }: ComparisonProps): JSX.Element | null {
  const { texts } = useLocale();
  const words = texts.models;
  const [first, second] = models.map(pathOf) as [string, string];
  const a = useResource<ModelShown>(first, asked).data;
  const b = useResource<ModelShown>(second, asked).data;
  const reports = useMemo(
    () =>
      [a, b].flatMap((shown): NamedReport[] =>
        shown?.report ? [{ name: `${shown.name} ${shown.version}`, report: shown.report }] : [],
      ),
    [a, b],
  );
  if (reports.length < 2) return null;
  const has = (name: keyof Report): boolean => reports.some(({ report }) => report[name] !== undefined);
  return (
    <section class="curves two" aria-label={words.charts}>
      {has('precision_recall') && (
        <ChartPanel title={words.precisionRecall} data={reports} option={precisionRecallOption} />
      )}
      {has('roc') && <ChartPanel title={words.roc} data={reports} option={rocOption} />}
      {has('reliability') && (
        <ChartPanel title={words.reliability} data={reports} option={reliabilityLinesOption} />
      )}
      {has('cost') && (
        <ChartPanel
          title={words.cost}
          data={reports}
          option={(data, colours, locale) => costOption(data, undefined, colours, locale)}
        />
      )}
    </section>
  );
}

interface ComparisonProps {
  readonly models: readonly [string, string];
  readonly asked: string;
}

export function Comparison({ models, asked }: ComparisonProps): JSX.Element {
  const { texts } = useLocale();
  const query = models.map(encodeURIComponent).join(',');
  const compared = useResource<ModelComparison>(`/v1/models/compare?models=${query}`, asked);
  return (
    <>
      <div class="heading">
        <a href={hashOf({ view: 'models' })}>← {texts.models.back}</a>
        <Heading>{texts.models.comparison}</Heading>
      </div>
      {compared.data === null && <ResourceNotice of={compared} absent={texts.models.notFound} />}
      {compared.data && (
        <>
          <section class="panel" aria-labelledby="metrics">
            <div class="title">
              <h2 id="metrics">{texts.models.metrics}</h2>
            </div>
            <div class="sideways" role="region" aria-labelledby="metrics" tabIndex={0}>
              <MetricsTable of={compared.data} />
            </div>
          </section>
          <Curves models={models} asked={asked} />
          <section class="panel" aria-labelledby="parameters">
            <div class="title">
              <h2 id="parameters">{texts.models.parametersDiffer}</h2>
            </div>
            <div class="sideways" role="region" aria-labelledby="parameters" tabIndex={0}>
              <ParametersTable of={compared.data} />
            </div>
          </section>
        </>
      )}
    </>
  );
}
