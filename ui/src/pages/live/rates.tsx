// The moving chart: transactions per second above, alerts per second below, one time axis.

import type { EChartsOption } from 'echarts';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { Chart, usePalette, type Palette } from '../../charts/chart';
import { useLocale, type Locale } from '../../context';
import { RATE_POINTS_MAX, type RatePoint } from '../../state/live';

/** The time axis starts this long and grows to the whole of what is kept. */
const SPAN_MIN_MS = 60_000;

type Series = readonly (readonly [number, number | null])[];

function series(rates: readonly RatePoint[], pick: (p: RatePoint) => number | null): Series {
  return rates.map((point) => [point.at, pick(point)]);
}

function ratesOption(rates: readonly RatePoint[], colours: Palette, locale: Locale): EChartsOption {
  const { texts, format } = locale;
  const end = rates[rates.length - 1]?.at ?? 0;
  const first = rates[0]?.at ?? end;
  const start = Math.max(end - RATE_POINTS_MAX * 1000, Math.min(first, end - SPAN_MIN_MS));
  const label = { color: colours.muted, fontFamily: colours.font, fontSize: 11 };
  const timeAxis = {
    type: 'time' as const,
    min: start,
    max: end,
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
    splitLine: { show: false },
  };
  const valueAxis = (name: string, splits: number) => ({
    type: 'value' as const,
    name,
    nameLocation: 'end' as const,
    nameGap: 8,
    nameTextStyle: { ...label, align: 'left' as const, padding: [0, 0, 0, -38] },
    min: 0,
    minInterval: 1,
    splitNumber: splits,
    axisLabel: { ...label, formatter: (value: number) => format.rate(value) },
    splitLine: { lineStyle: { color: colours.line } },
  });
  const bar = { type: 'bar' as const, stack: 'alerts', xAxisIndex: 1, yAxisIndex: 1, barWidth: 2 };
  return {
    animation: false,
    textStyle: { fontFamily: colours.font },
    grid: [
      { left: 46, right: 12, top: 24, height: '46%' },
      { left: 46, right: 12, bottom: 22, height: '20%' },
    ],
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      backgroundColor: colours.surface,
      borderColor: colours.line,
      textStyle: { color: colours.text, fontSize: 12 },
      axisPointer: { type: 'line', lineStyle: { color: colours.muted } },
      valueFormatter: (value) => (typeof value === 'number' ? format.rate(value) : '–'),
    },
    axisPointer: { link: [{ xAxisIndex: 'all' }], label: { show: false } },
    xAxis: [
      { ...timeAxis, gridIndex: 0, axisLabel: { show: false } },
      {
        ...timeAxis,
        gridIndex: 1,
        axisLabel: { ...label, hideOverlap: true, formatter: (at: number) => format.clock(at) },
      },
    ],
    yAxis: [
      { ...valueAxis(texts.ratesAxis, 3), gridIndex: 0 },
      { ...valueAxis(texts.alertsAxis, 1), gridIndex: 1 },
    ],
    series: [
      {
        type: 'line',
        name: texts.transactions,
        data: series(rates, (p) => p.transactions) as [number, number | null][],
        showSymbol: false,
        lineStyle: { width: 1.5, color: colours.accent },
        itemStyle: { color: colours.accent },
        areaStyle: { color: colours.accent, opacity: 0.14 },
      },
      {
        ...bar,
        name: texts.inReview,
        data: series(rates, (p) => p.reviews) as [number, number | null][],
        itemStyle: { color: colours.review },
      },
      {
        ...bar,
        name: texts.declined,
        data: series(rates, (p) => p.declines) as [number, number | null][],
        itemStyle: { color: colours.decline },
      },
    ],
  };
}

export function RatesChart({ rates }: { readonly rates: readonly RatePoint[] }): JSX.Element {
  const locale = useLocale();
  const palette = usePalette();
  const option = useMemo(() => ratesOption(rates, palette, locale), [rates, palette, locale]);
  const last = rates[rates.length - 1];
  const alerts = (last?.reviews ?? 0) + (last?.declines ?? 0);
  const summary = locale.texts.ratesSummary(
    locale.format.rate(last?.transactions ?? 0),
    locale.format.rate(alerts),
  );
  return <Chart option={option} label={`${locale.texts.ratesTitle}. ${summary}`} />;
}
