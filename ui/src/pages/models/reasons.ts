// What the model looks at: importance of the features, and how their values move the score.

import type { EChartsOption } from 'echarts';

import type { Report } from '../../api/models';
import { axisStyle, labelStyle, markAt, plainOption, tooltipStyle, valueAxis } from '../../charts/base';
import type { Palette } from '../../charts/chart';
import { between } from '../../charts/colour';
import type { Locale } from '../../context';
import type { Language } from '../../i18n';
import { featureName } from '../../i18n/features';
import { beeswarm, ranks } from '../../state/beeswarm';

const IMPORTANCE_MAX = 20;
const LABEL_WIDTH = 150;

/** An axis with a name a row, the first at the top. */
function nameAxis(features: readonly string[], colours: Palette, language: Language) {
  return {
    type: 'category' as const,
    data: features.map((feature) => featureName(feature, language)),
    inverse: true,
    ...axisStyle(colours),
    axisLabel: { ...labelStyle(colours), width: LABEL_WIDTH, overflow: 'truncate' as const, interval: 0 },
  };
}

export function importanceOption(
  importance: NonNullable<Report['importance']>,
  colours: Palette,
  { language, texts, format }: Locale,
): EChartsOption {
  const shown = importance.slice(0, IMPORTANCE_MAX);
  return {
    ...plainOption(colours),
    grid: { left: LABEL_WIDTH + 16, right: 18, top: 6, bottom: 42 },
    tooltip: {
      ...tooltipStyle(colours),
      trigger: 'axis',
      axisPointer: { type: 'shadow' },
      valueFormatter: (value) => (typeof value === 'number' ? format.number(value) : '–'),
    },
    xAxis: {
      ...valueAxis(colours, texts.models.contribution, (value) => format.number(value)),
      nameGap: 24,
    },
    yAxis: nameAxis(shown.map((row) => row.feature), colours, language),
    series: [
      {
        type: 'bar',
        barCategoryGap: '28%',
        data: shown.map((row) => row.mean_contribution),
        itemStyle: { color: colours.accent, borderRadius: [0, 2, 2, 0] },
      },
    ],
  };
}

type Shap = NonNullable<Report['shap']>;

/** The dots of one feature: contribution, place, value, and the colour of the value's rank. */
function swarm(shap: Shap, feature: number, range: readonly [number, number], colours: Palette) {
  const values = shap.values.map((row) => row[feature] ?? null);
  const contributions = shap.contributions.map((row) => row[feature] ?? 0);
  const places = beeswarm(contributions, ...range);
  const shares = ranks(values);
  return contributions.map((contribution, i) => {
    const share = shares[i] ?? null;
    return {
      value: [contribution, feature + (places[i] ?? 0), values[i] ?? '', feature],
      itemStyle: {
        color: share === null ? colours.muted : between(colours.low, colours.high, share),
      },
    };
  });
}

export function shapOption(
  shap: Shap,
  colours: Palette,
  { language, texts, format }: Locale,
): EChartsOption {
  const all = shap.contributions.flatMap((row) => row.map((value) => value ?? 0));
  const range = [
    all.reduce((a, b) => Math.min(a, b), 0),
    all.reduce((a, b) => Math.max(a, b), 0),
  ] as const;
  const last = shap.features.length;
  return {
    ...plainOption(colours),
    grid: { left: LABEL_WIDTH + 16, right: 18, top: 6, bottom: 42 },
    tooltip: {
      ...tooltipStyle(colours),
      trigger: 'item',
      formatter: (params) => {
        const item = Array.isArray(params) ? params[0] : params;
        const [contribution, , value, feature] = (item?.value ?? []) as (number | string)[];
        const shown = typeof value === 'number' ? format.number(value) : '–';
        return (
          `${featureName(shap.features[Number(feature)] ?? '', language)} = ${shown}\n` +
          `${texts.models.contribution} ${format.number(Number(contribution))}`
        );
      },
    },
    xAxis: {
      ...valueAxis(colours, texts.models.contribution, (value) => format.number(value)),
      nameGap: 24,
    },
    yAxis: [
      {
        ...nameAxis(shap.features, colours, language),
        splitLine: { show: true, lineStyle: { color: colours.line } },
      },
      { type: 'value', min: -0.5, max: last - 0.5, inverse: true, show: false },
    ],
    series: [
      {
        type: 'scatter',
        yAxisIndex: 1,
        symbolSize: 4,
        progressive: 0,
        data: shap.features.flatMap((_, feature) => swarm(shap, feature, range, colours)),
        markLine: markAt(colours, { xAxis: 0 }),
      },
      // Without a series of its own the axis with the names is not drawn.
      { type: 'bar', yAxisIndex: 0, data: [], silent: true },
    ],
  };
}
