// How metrics are named and shown, and which way is better.

import type { Locale } from '../../context';
import { plainName } from '../../format';

const LESS_IS_BETTER = ['brier_score', 'log_loss', 'expected_calibration_error'];
/** They say what was measured, or where: no value of theirs is better than another. */
const NEITHER = ['rows', 'frauds', 'prevalence'];

/** A member's metric has its kind before it: "gcn.best_f1". */
function split(name: string): readonly [string, string] {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? ['', name] : [name.slice(0, dot), name.slice(dot + 1)];
}

export function metricName(name: string, { texts }: Locale): string {
  const [member, metric] = split(name);
  const names = texts.models.metricNames;
  const text = Object.hasOwn(names, metric) ? names[metric] : undefined;
  return member ? `${member}: ${text ?? plainName(metric)}` : (text ?? plainName(metric));
}

export function showMetric(name: string, value: number, { format }: Locale): string {
  const [, metric] = split(name);
  if (metric === 'rows' || metric === 'frauds') return format.integer(value);
  if (metric === 'prevalence') return format.percent(value);
  if (LESS_IS_BETTER.includes(metric)) return format.number(value);
  return value > 0.999 && value < 1 ? format.precise(value) : format.score(value);
}

export function showDifference(name: string, value: number, { format }: Locale): string {
  const [, metric] = split(name);
  if (metric !== 'rows' && metric !== 'frauds') return format.signed(value);
  return `${value > 0 ? '+' : ''}${format.integer(value)}`;
}

/** Whether two versions were judged on as many transactions and frauds: on others, no figure of theirs compares. */
export function judgedAlike(metrics: Readonly<Record<string, readonly (number | null)[]>>): boolean {
  return ['rows', 'frauds'].every((name) => {
    const [first, second] = metrics[name] ?? [];
    return first === second;
  });
}

/** Whether the second of two values of a metric is better (1), worse (-1) or neither (0). */
export function compareMetric(name: string, first: number, second: number): -1 | 0 | 1 {
  const [, metric] = split(name);
  if (first === second || NEITHER.includes(metric) || metric.endsWith('threshold')) return 0;
  return second > first === !LESS_IS_BETTER.includes(metric) ? 1 : -1;
}

/** The name that a report gives a layer or a curve, in the viewer's language: "gcn: loss, training". */
export function reportName(name: string, { texts }: Locale): string {
  const [, member = '', what = '', number = ''] = /^(\w+: )?(.*?)( \d+)?$/.exec(name) ?? [];
  const names = texts.models.reportNames;
  return `${member}${Object.hasOwn(names, what) ? names[what] : what}${number}`;
}
