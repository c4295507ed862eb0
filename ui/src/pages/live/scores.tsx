// How the scores of the latest transactions are spread, with the model's thresholds.

import type { EChartsOption } from 'echarts';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import type { ModelInfo } from '../../api/types';
import { Chart, usePalette, type Palette } from '../../charts/chart';
import { useLocale, type Locale } from '../../context';
import { BINS, histogram } from '../../state/histogram';

/** A bin has the colour of the decision its middle would get. */
function binColour(bin: number, model: ModelInfo | null, colours: Palette): string {
  const middle = (bin + 0.5) / BINS;
  if (!model || middle < model.threshold) return colours.approve;
  return middle < model.decline_threshold ? colours.review : colours.decline;
}

/** Logarithmic, with a step of its own for the first: 0 → 0, 1 → 1, 10 → 2, 100 → 3. */
function barHeight(count: number): number {
  return count === 0 ? 0 : 1 + Math.log10(count);
}

function scoresOption(
  bins: readonly number[],
  model: ModelInfo | null,
  colours: Palette,
  locale: Locale,
): EChartsOption {
  const { format } = locale;
  const label = { color: colours.muted, fontFamily: colours.font, fontSize: 11 };
  const edge = (bin: number): string => format.number(bin / BINS);
  const thresholds = model ? [model.threshold, model.decline_threshold] : [];
  return {
    animation: false,
    textStyle: { fontFamily: colours.font },
    grid: { left: 46, right: 12, top: 12, bottom: 22 },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      backgroundColor: colours.surface,
      borderColor: colours.line,
      textStyle: { color: colours.text, fontSize: 12 },
      axisPointer: { type: 'shadow' },
      formatter: (params) => {
        const bin = Array.isArray(params) ? params[0]?.dataIndex : params.dataIndex;
        if (bin === undefined) return '';
        return `${edge(bin)}–${edge(bin + 1)}: ${format.integer(bins[bin] ?? 0)}`;
      },
    },
    xAxis: [
      { type: 'category', data: bins.map((_, bin) => edge(bin)), show: false },
      {
        type: 'value',
        position: 'bottom',
        min: 0,
        max: 1,
        interval: 0.25,
        axisLine: { show: true, lineStyle: { color: colours.line } },
        axisTick: { show: false },
        splitLine: { show: false },
        axisLabel: { ...label, formatter: (value: number) => format.number(value) },
      },
    ],
    yAxis: {
      type: 'value',
      min: 0,
      max: ({ max }) => Math.max(2, Math.ceil(max)),
      interval: 1,
      axisLabel: {
        ...label,
        formatter: (step: number) => format.integer(step === 0 ? 0 : 10 ** (step - 1)),
      },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: [
      {
        type: 'bar',
        barCategoryGap: '12%',
        data: bins.map((count, bin) => ({
          value: barHeight(count),
          itemStyle: { color: binColour(bin, model, colours) },
        })),
      },
      {
        type: 'line',
        xAxisIndex: 1,
        data: [],
        markLine: {
          silent: true,
          symbol: 'none',
          label: { show: false },
          lineStyle: { color: colours.text, type: 'dashed', width: 1 },
          data: thresholds.map((threshold) => ({ xAxis: threshold })),
        },
      },
    ],
  };
}

interface ScoresProps {
  readonly scores: readonly number[];
  readonly model: ModelInfo | null;
}

export function ScoresChart({ scores, model }: ScoresProps): JSX.Element {
  const locale = useLocale();
  const palette = usePalette();
  const bins = useMemo(() => histogram(scores), [scores]);
  const option = useMemo(
    () => scoresOption(bins, model, palette, locale),
    [bins, model?.version, palette, locale],
  );
  const threshold = model?.threshold ?? 1;
  const above = scores.filter((score) => score >= threshold).length;
  const summary = locale.texts.scoresSummary(
    locale.format.integer(scores.length - above),
    locale.format.integer(above),
  );
  return <Chart option={option} label={`${locale.texts.scoresTitle}. ${summary}`} />;
}
