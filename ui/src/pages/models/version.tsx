// One version: what it is, how good it is, and what it looks at.

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import type { AtThreshold, ModelEntry, ModelShown, Report, TrainingData } from '../../api/models';
import { isAbsent, useResource } from '../../api/resource';
import { ChartPanel } from '../../components/chart_panel';
import { Fact } from '../../components/facts';
import { Heading } from '../../components/heading';
import { Notice, ResourceNotice } from '../../components/notice';
import { useLocale } from '../../context';
import { hashOf } from '../../route';
import { Changes } from './change';
import {
  costOption,
  precisionRecallOption,
  reliabilityOption,
  rocOption,
  scoresOption,
  trainingOption,
} from './curves';
import { Aliases, kinds } from './list';
import { metricName, reportName, showMetric } from './metrics';
import { importanceOption, shapOption } from './reasons';

function Data({ data }: { readonly data: TrainingData | undefined }): JSX.Element {
  const { texts, format } = useLocale();
  const { from, to, rows, frauds } = data ?? {};
  return (
    <>
      {from && to && texts.models.period(format.day(from), format.day(to))}
      {rows !== undefined && frauds !== undefined && (
        <span class="quiet"> {texts.models.rowsWithFrauds(format.integer(rows), format.integer(frauds))}</span>
      )}
    </>
  );
}

function About({ model }: { readonly model: ModelShown }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.models;
  const { manifest } = model;
  const parameters = Object.entries(manifest?.parameters ?? {});
  if (!manifest) return <Notice kind="lost">{`${words.unreadable}: ${model.error ?? ''}`}</Notice>;
  return (
    <section class="panel" aria-labelledby="about">
      <div class="title">
        <h2 id="about">{words.about}</h2>
      </div>
      <dl class="facts">
        <Fact name={words.alias}>
          <Aliases aliases={model.aliases} />
        </Fact>
        <Fact name={words.members}>
          {(manifest.members ?? []).length > 1
            ? (manifest.members ?? [])
                .map((m) => words.member(m.kind, format.number(m.weight ?? 1)))
                .join(', ')
            : kinds(manifest)}
        </Fact>
        <Fact name={words.trained}>
          {manifest.trained_at ? format.dateTime(manifest.trained_at) : '–'}
        </Fact>
        <Fact name={words.trainingTime}>
          {manifest.training_seconds === undefined ? '–' : format.duration(manifest.training_seconds)}
        </Fact>
        <Fact name={words.dataRange}>
          <Data data={manifest.data} />
        </Fact>
        <Fact name={words.judgedRange}>
          <Data data={model.report?.judged} />
        </Fact>
        <Fact name={words.thresholds}>
          {words.thresholdsText(
            format.score(manifest.threshold ?? 1),
            format.score(manifest.decline_threshold ?? 1),
          )}
        </Fact>
        <Fact name={words.features}>{format.integer(manifest.features?.length ?? 0)}</Fact>
      </dl>
      {parameters.length > 0 && (
        <details>
          <summary>{words.parameters}</summary>
          <dl class="parameters">
            {parameters.map(([name, value]) => (
              <Fact key={name} name={name}>
                {value}
              </Fact>
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}

function Confusion({ at, title }: { readonly at: AtThreshold; readonly title: string }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.models;
  const number = (value: number): string => format.integer(value);
  return (
    <table class="fitted confusion">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{words.actually}</th>
          <th scope="col" class="number">{words.alerted}</th>
          <th scope="col" class="number">{words.passed}</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">{words.fraud}</th>
          <td class="number right">{number(at.true_positives)}</td>
          <td class="number wrong">{number(at.false_negatives)}</td>
        </tr>
        <tr>
          <th scope="row">{words.genuine}</th>
          <td class="number wrong">{number(at.false_positives)}</td>
          <td class="number right">{number(at.true_negatives)}</td>
        </tr>
      </tbody>
    </table>
  );
}

function Metrics({ report }: { readonly report: Report }): JSX.Element {
  const locale = useLocale();
  const words = locale.texts.models;
  const { at_threshold: real, balanced } = report;
  const rates = ['precision', 'recall', 'f1', 'accuracy'] as const;
  return (
    <section class="panel" aria-labelledby="metrics">
      <div class="title">
        <h2 id="metrics">{words.metrics}</h2>
        <span class="quiet">{words.metricsNote}</span>
      </div>
      <dl class="facts">
        {Object.entries(report.metrics ?? {}).map(([name, value]) => (
          <Fact key={name} name={metricName(name, locale)}>
            {showMetric(name, value, locale)}
          </Fact>
        ))}
      </dl>
      {real && balanced && (
        <div class="tables">
          <table class="fitted">
            <caption>{words.atThreshold}</caption>
            <thead>
              <tr>
                <th scope="col">{words.metric}</th>
                <th scope="col" class="number">{words.realMix}</th>
                <th scope="col" class="number" title={words.balancedNote}>{words.balanced}</th>
              </tr>
            </thead>
            <tbody>
              {rates.map((name) => (
                <tr key={name}>
                  <th scope="row">{metricName(name, locale)}</th>
                  <td class="number">{showMetric(name, real[name], locale)}</td>
                  <td class="number">{showMetric(name, balanced[name], locale)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <Confusion at={real} title={`${words.confusion}: ${words.realMix}`} />
          <Confusion at={balanced} title={`${words.confusion}: ${words.balanced}`} />
        </div>
      )}
    </section>
  );
}

function Layers({ layers }: { readonly layers: NonNullable<Report['layers']> }): JSX.Element {
  const locale = useLocale();
  const { format } = locale;
  const words = locale.texts.models;
  return (
    <section class="panel" aria-labelledby="layers">
      <div class="title">
        <h2 id="layers">{words.layers}</h2>
      </div>
      <ol class="layers">
        {layers.map((layer) => (
          <li key={layer.name}>
            <b>{reportName(layer.name, locale)}</b>
            <span>{words.layer(format.integer(layer.inputs), format.integer(layer.outputs))}</span>
            <span class="quiet">{words.layerParameters(format.integer(layer.parameters))}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Curves({ report }: { readonly report: Report }): JSX.Element {
  const locale = useLocale();
  const { format } = locale;
  const words = locale.texts.models;
  const { threshold, cost } = report;
  const alone = useMemo(() => [{ name: '', report }], [report]);
  const costNote = cost && words.costNote(format.amount(cost.least), format.score(cost.least_threshold));
  return (
    <section class="curves" aria-label={words.charts}>
      {report.precision_recall && (
        <ChartPanel title={words.precisionRecall} data={alone} option={precisionRecallOption} />
      )}
      {report.roc && <ChartPanel title={words.roc} data={alone} option={rocOption} />}
      {report.reliability && (
        <ChartPanel
          title={words.reliability}
          note={words.reliabilityNote}
          data={report.reliability}
          option={reliabilityOption}
        />
      )}
      {report.scores && (
        <ChartPanel
          title={words.scores}
          note={words.scoresNote}
          data={report.scores}
          option={(data, colours, locale) => scoresOption(data, threshold, colours, locale)}
        />
      )}
      {cost && (
        <ChartPanel
          title={words.cost}
          note={costNote}
          data={alone}
          option={(data, colours, locale) => costOption(data, threshold, colours, locale)}
        />
      )}
      {(report.training_curve ?? []).map((curve) => (
        <ChartPanel
          key={curve.metric}
          title={words.trainingCurve}
          note={reportName(curve.metric, locale)}
          data={curve}
          option={trainingOption}
        />
      ))}
    </section>
  );
}

/** What the model looks at. */
function Reasons({ report }: { readonly report: Report }): JSX.Element {
  const { texts } = useLocale();
  const words = texts.models;
  const { shap, importance } = report;
  return (
    <section class="curves" aria-label={words.importance}>
      {importance && importance.length > 0 && (
        <ChartPanel
          size="tall"
          title={words.importance}
          note={words.importanceNote}
          data={importance}
          option={importanceOption}
        />
      )}
      {shap && shap.features.length > 0 && (
        <ChartPanel size="tall" title={words.shap} note={words.shapNote} data={shap} option={shapOption} />
      )}
    </section>
  );
}

interface VersionProps {
  readonly name: string;
  readonly version: string;
  readonly models: readonly ModelEntry[];
  readonly asked: string;
  onChanged(text: string): void;
}

/** The other versions, each a way to see the two side by side. */
function CompareWith({ name, version, models }: VersionProps): JSX.Element | null {
  const { texts } = useLocale();
  const others = models.filter((other) => other.name !== name || other.version !== version);
  if (others.length === 0) return null;
  const compare = (other: string): void => {
    if (other) location.hash = hashOf({ view: 'comparison', models: [`${name}/${version}`, other] });
  };
  return (
    <label class="compare">
      {texts.models.compareWith}
      <select onChange={(event) => compare(event.currentTarget.value)}>
        <option value="">{texts.models.choose}</option>
        {others.map((other) => (
          <option key={`${other.name}/${other.version}`} value={`${other.name}/${other.version}`}>
            {other.name} {other.version}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Version(props: VersionProps): JSX.Element {
  const { texts } = useLocale();
  const { name, version, asked, onChanged } = props;
  const path = `/v1/models/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;
  const shown = useResource<ModelShown>(path, asked);
  const model = shown.data;
  return (
    <>
      <div class="heading">
        <a href={hashOf({ view: 'models' })}>← {texts.models.back}</a>
        <Heading>
          {name} <span class="version">{version}</span>
        </Heading>
        {model && <CompareWith {...props} />}
        {model && <Changes model={model} models={props.models} onChanged={onChanged} />}
      </div>
      {(!shown.error || isAbsent(shown.error) || model === null) && (
        <ResourceNotice of={shown} absent={texts.models.notFound} />
      )}
      {model && <About model={model} />}
      {model && !model.report && <Notice kind="absent">{texts.models.noReport}</Notice>}
      {model?.report && <Metrics report={model.report} />}
      {model?.report?.layers && model.report.layers.length > 0 && (
        <Layers layers={model.report.layers} />
      )}
      {model?.report && <Curves report={model.report} />}
      {model?.report && <Reasons report={model.report} />}
    </>
  );
}
