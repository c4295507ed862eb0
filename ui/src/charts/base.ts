// What the charts have in common: the look of axes, labels and tooltips.

import type { EChartsOption } from 'echarts';

import type { Palette } from './chart';

export function labelStyle(colours: Palette) {
  return { color: colours.muted, fontFamily: colours.font, fontSize: 11 };
}

export function tooltipStyle(colours: Palette) {
  return {
    renderMode: 'richText' as const,
    confine: true,
    backgroundColor: colours.surface,
    borderColor: colours.line,
    textStyle: { color: colours.text, fontSize: 12 },
  };
}

/** An axis of names. */
export function axisStyle(colours: Palette) {
  return {
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
  };
}

/** The names of the series, above the field at the right. */
export function legendAbove(colours: Palette) {
  return { top: 0, right: 12, icon: 'rect', itemWidth: 12, textStyle: labelStyle(colours) };
}

/** A tooltip that says the two coordinates of the line's point, each after its name. */
export function pointTooltip(
  colours: Palette,
  names: readonly [string, string],
  formats: readonly [(value: number) => string, (value: number) => string],
) {
  return {
    ...tooltipStyle(colours),
    trigger: 'axis' as const,
    formatter: (params: unknown): string => {
      const points = (Array.isArray(params) ? params : [params]) as {
        readonly seriesName?: string;
        readonly data?: unknown;
      }[];
      return points
        .map(({ seriesName, data }) => {
          const [x = 0, y = 0] = (data ?? []) as number[];
          const of = points.length > 1 && seriesName ? `${seriesName}\n` : '';
          return `${of}${names[0]} ${formats[0](x)}\n${names[1]} ${formats[1](y)}`;
        })
        .join('\n');
    },
  };
}

export function valueAxis(colours: Palette, name: string, format: (value: number) => string) {
  return {
    type: 'value' as const,
    name,
    nameLocation: 'middle' as const,
    nameTextStyle: labelStyle(colours),
    axisLine: { show: true, lineStyle: { color: colours.line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colours.line } },
    axisLabel: { ...labelStyle(colours), hideOverlap: true, formatter: format },
  };
}

/** A chart of lines in one field, both axes of numbers. */
export function plainOption(colours: Palette): EChartsOption {
  return {
    animation: false,
    textStyle: { fontFamily: colours.font },
    grid: { left: 58, right: 18, top: 14, bottom: 42 },
  };
}

/** A horizontal or vertical dashed line. */
export function markAt(colours: Palette, where: { xAxis: number } | { yAxis: number }) {
  return {
    silent: true,
    symbol: 'none',
    label: { show: false },
    lineStyle: { color: colours.text, type: 'dashed' as const, width: 1 },
    data: [where],
  };
}
