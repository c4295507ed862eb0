// The curves of a report: precision and recall, ROC, reliability, scores, costs, training.

import type { EChartsOption } from 'echarts';

import type { Report } from '../../api/models';
import {
  legendAbove,
  markAt,
  plainOption,
  pointTooltip,
  tooltipStyle,
  valueAxis,
} from '../../charts/base';
import type { Palette } from '../../charts/chart';
import type { Locale } from '../../context';

type Points = [number, number][];

export function zip(x: readonly number[], y: readonly number[]): Points {
  return x.slice(0, y.length).map((value, i) => [value, y[i] ?? 0]);
}

/** One model's line, or one of several that are compared. */
export interface Curve {
  /** Of the model; '' of one alone. */
  readonly name: string;
  readonly points: Points;
}

/** The lines of models, of one alone with the area under it; several in different colours and strokes. */
function lines(curves: readonly Curve[], colours: Palette) {
  const alone = curves.length === 1;
  const styles = [
    { color: colours.accent, type: 'solid' as const },
    { color: colours.high, type: 'dashed' as const },
  ];
  return curves.map(({ name, points }, i) => {
    const { color, type } = styles[i % styles.length]!;
    return {
      type: 'line' as const,
      name,
      data: points,
      showSymbol: false,
      lineStyle: { width: 2, color, type },
      itemStyle: { color },
      ...(alone ? { areaStyle: { color, opacity: 0.1 } } : {}),
    };
  });
}

/** With names above the field where there are several lines. */
function linesOption(curves: readonly Curve[], colours: Palette): EChartsOption {
  const several = curves.length > 1;
  const base = plainOption(colours);
  return {
    ...base,
    ...(several
      ? {
          legend: { ...legendAbove(colours), icon: 'inherit', itemWidth: 24, itemHeight: 2 },
          grid: { left: 58, right: 18, top: 34, bottom: 42 },
        }
      : {}),
    series: lines(curves, colours),
  };
}

/** Lines over 0 to 1 in both directions. */
function shareCurves(
  curves: readonly Curve[],
  names: readonly [string, string],
  colours: Palette,
  { format }: Locale,
): EChartsOption {
  const axis = (name: string) => ({
    ...valueAxis(colours, name, (value) => format.number(value)),
    min: 0,
    max: 1,
  });
  return {
    ...linesOption(curves, colours),
    tooltip: pointTooltip(colours, names, [format.score, format.score]),
    xAxis: { ...axis(names[0]), nameGap: 24, splitLine: { show: false } },
    yAxis: { ...axis(names[1]), nameGap: 40 },
  };
}

/** A report and the name of its model. */
export interface NamedReport {
  readonly name: string;
  readonly report: Report;
}

function curvesOf(
  reports: readonly NamedReport[],
  pick: (report: Report) => Points | undefined,
): Curve[] {
  return reports.flatMap(({ name, report }) => {
    const points = pick(report);
    return points ? [{ name, points }] : [];
  });
}

export function precisionRecallOption(
  reports: readonly NamedReport[],
  colours: Palette,
  locale: Locale,
): EChartsOption {
  const { recall, precision } = locale.texts.models.metricNames;
  const names = [recall ?? 'recall', precision ?? 'precision'] as const;
  const curves = curvesOf(reports, ({ precision_recall: of }) => of && zip(of.recall, of.precision));
  return shareCurves(curves, names, colours, locale);
}

export function rocOption(
  reports: readonly NamedReport[],
  colours: Palette,
  locale: Locale,
): EChartsOption {
  const { falsePositives, truePositives } = locale.texts.models;
  const curves = curvesOf(
    reports,
    ({ roc }) => roc && zip(roc.false_positive_rate, roc.true_positive_rate),
  );
  return shareCurves(curves, [falsePositives, truePositives], colours, locale);
}

/** Mean score against observed share, of several models side by side, with the diagonal of honest scores. */
export function reliabilityLinesOption(
  reports: readonly NamedReport[],
  colours: Palette,
  locale: Locale,
): EChartsOption {
  const { meanScore, observed } = locale.texts.models;
  const curves = curvesOf(reports, ({ reliability }) =>
    reliability?.by_width.map((bin): [number, number] => [bin.mean_score, bin.observed]),
  );
  const option = shareCurves(curves, [meanScore, observed], colours, locale);
  return { ...option, series: [diagonal(colours), ...lines(curves, colours)] };
}

function diagonal(colours: Palette) {
  return {
    type: 'line' as const,
    silent: true,
    showSymbol: false,
    tooltip: { show: false },
    data: [
      [0, 0],
      [1, 1],
    ],
    lineStyle: { type: 'dashed' as const, width: 1, color: colours.muted },
  };
}

/** Mean score against observed share, each with its interval, and the diagonal of honest scores. */
export function reliabilityOption(
  reliability: NonNullable<Report['reliability']>,
  colours: Palette,
  locale: Locale,
): EChartsOption {
  const { texts, format } = locale;
  const { meanScore, observed } = texts.models;
  const bins = reliability.by_width;
  const base = shareCurves([], [meanScore, observed], colours, locale);
  return {
    ...base,
    tooltip: {
      ...tooltipStyle(colours),
      trigger: 'item',
      formatter: (params) => {
        const bin = bins[Array.isArray(params) ? 0 : params.dataIndex];
        if (!bin) return '';
        return (
          `${meanScore} ${format.score(bin.mean_score)}\n` +
          `${observed} ${format.score(bin.observed)} (${format.score(bin.low)}–${format.score(bin.high)})\n` +
          `${texts.models.count} ${format.integer(bin.rows)}`
        );
      },
    },
    series: [
      diagonal(colours),
      ...bins.map((bin) => ({
        type: 'line' as const,
        silent: true,
        showSymbol: false,
        data: [
          [bin.mean_score, bin.low],
          [bin.mean_score, bin.high],
        ],
        lineStyle: { width: 2, color: colours.accent, opacity: 0.45 },
      })),
      {
        type: 'scatter',
        symbolSize: 9,
        data: bins.map((bin) => [bin.mean_score, bin.observed]),
        itemStyle: { color: colours.accent },
      },
    ],
  };
}

/** Logarithmic, with a step of its own for the first: 0 → 0, 1 → 1, 10 → 2, 100 → 3. */
function step(count: number): number {
  return count === 0 ? 0 : 1 + Math.log10(count);
}

export function scoresOption(
  scores: NonNullable<Report['scores']>,
  threshold: number | undefined,
  colours: Palette,
  { texts, format }: Locale,
): EChartsOption {
  const bins = scores.frauds.length;
  const { fraud, genuine, score, count } = texts.models;
  const points = (counts: readonly number[]): Points =>
    counts.map((value, bin) => [(bin + 0.5) / bins, step(value)]);
  const series = (name: string, counts: readonly number[], colour: string) => ({
    type: 'line' as const,
    step: 'middle' as const,
    name,
    data: points(counts),
    showSymbol: false,
    lineStyle: { width: 1.5, color: colour },
    itemStyle: { color: colour },
    areaStyle: { color: colour, opacity: 0.25 },
  });
  return {
    ...plainOption(colours),
    grid: { left: 58, right: 18, top: 30, bottom: 42 },
    legend: legendAbove(colours),
    tooltip: {
      ...tooltipStyle(colours),
      trigger: 'axis',
      formatter: (params) => {
        const bin = (Array.isArray(params) ? params[0] : params)?.dataIndex ?? 0;
        return (
          `${score} ${format.number(bin / bins)}–${format.number((bin + 1) / bins)}\n` +
          `${genuine} ${format.integer(scores.others[bin] ?? 0)}\n` +
          `${fraud} ${format.integer(scores.frauds[bin] ?? 0)}`
        );
      },
    },
    xAxis: {
      ...valueAxis(colours, score, (value) => format.number(value)),
      min: 0,
      max: 1,
      nameGap: 24,
      splitLine: { show: false },
    },
    yAxis: {
      ...valueAxis(colours, count, (value) => format.integer(value === 0 ? 0 : 10 ** (value - 1))),
      min: 0,
      interval: 1,
      nameGap: 44,
    },
    series: [
      { ...series(genuine, scores.others, colours.accent), z: 1 },
      {
        ...series(fraud, scores.frauds, colours.decline),
        ...(threshold === undefined ? {} : { markLine: markAt(colours, { xAxis: threshold }) }),
      },
    ],
  };
}

/** The cost of every threshold, which lie closest where scores are small: on a logarithmic axis. */
export function costOption(
  reports: readonly NamedReport[],
  threshold: number | undefined,
  colours: Palette,
  { texts, format }: Locale,
): EChartsOption {
  const { threshold: name, costAxis } = texts.models;
  const curves = curvesOf(reports, ({ cost }) =>
    cost && zip(cost.threshold, cost.cost).filter(([at]) => at > 0),
  );
  const least = Math.min(1, ...curves.flatMap(({ points }) => points.map(([at]) => at)));
  const base = linesOption(curves, colours);
  const [first, ...others] = lines(curves, colours).map(({ areaStyle: _, ...line }) => line);
  const mark = threshold === undefined ? {} : { markLine: markAt(colours, { xAxis: threshold }) };
  return {
    ...base,
    tooltip: pointTooltip(colours, [name, costAxis], [format.number, format.amount]),
    xAxis: {
      ...valueAxis(colours, name, (value) => format.number(value)),
      type: 'log',
      min: Math.max(1e-6, least),
      max: 1,
      nameGap: 24,
      splitLine: { show: false },
    },
    yAxis: {
      ...valueAxis(colours, costAxis, (value) => format.compact(value)),
      min: 0,
      nameGap: 44,
    },
    series: first ? [{ ...first, ...mark }, ...others] : [],
  };
}

export function trainingOption(
  curve: NonNullable<Report['training_curve']>[number],
  colours: Palette,
  { texts, format }: Locale,
): EChartsOption {
  const number = (value: number): string => format.number(value);
  return {
    ...plainOption(colours),
    grid: { left: 52, right: 18, top: 14, bottom: 42 },
    tooltip: {
      ...tooltipStyle(colours),
      trigger: 'axis',
      valueFormatter: (value) => (typeof value === 'number' ? number(value) : '–'),
    },
    xAxis: {
      ...valueAxis(colours, texts.models.step, (value) => format.integer(value)),
      nameGap: 24,
      minInterval: 1,
      max: curve.step[curve.step.length - 1] ?? 1,
      splitLine: { show: false },
    },
    yAxis: { ...valueAxis(colours, '', number), scale: true },
    series: [
      {
        type: 'line',
        name: curve.metric,
        data: zip(curve.step, curve.value),
        showSymbol: false,
        lineStyle: { width: 2, color: colours.accent },
        itemStyle: { color: colours.accent },
      },
    ],
  };
}
