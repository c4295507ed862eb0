// One ECharts chart as a component. Only the parts the page uses are bundled: a new kind of chart
// is registered here. Tooltips are drawn on the canvas, because the HTML ones carry inline styles,
// which the page's content security policy forbids.

import { BarChart, GraphChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
} from 'echarts/components';
import { init, use, type EChartsType } from 'echarts/core';
import type { EChartsOption } from 'echarts';
import { CanvasRenderer } from 'echarts/renderers';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

use([
  BarChart,
  GraphChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  CanvasRenderer,
]);

/** The style sheet's colours, for what is drawn on a canvas. */
export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly accent: string;
  readonly approve: string;
  readonly review: string;
  readonly decline: string;
  /** Of values, from low to high. */
  readonly low: string;
  readonly high: string;
  readonly font: string;
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour('text'),
    muted: colour('muted'),
    line: colour('line'),
    surface: colour('surface'),
    accent: colour('accent'),
    approve: colour('approve'),
    review: colour('review'),
    decline: colour('decline'),
    low: colour('low'),
    high: colour('high'),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/** The palette, read again when the appearance changes, by the switch or by the system. */
export function usePalette(): Palette {
  const [palette, setPalette] = useState(readPalette);
  useEffect(() => {
    const reread = (): void => setPalette(readPalette());
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', reread);
    const attribute = new MutationObserver(reread);
    attribute.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    reread();
    return () => {
      system.removeEventListener('change', reread);
      attribute.disconnect();
    };
  }, []);
  return palette;
}

interface ChartProps {
  readonly option: EChartsOption;
  /** What the chart shows, in words, for those who do not see it. */
  readonly label: string;
  /** 'tall' for one with a row for each of many names. */
  readonly size?: 'tall';
  /** Told the id of what is clicked: a graph's vertex, a point that has one. */
  onPick?(id: string): void;
}

/** In a field of no size a graph has no place that it could be laid out in. */
function hasSize(element: HTMLElement | null): boolean {
  return element !== null && element.clientWidth > 0 && element.clientHeight > 0;
}

export function Chart({ option, label, size, onPick }: ChartProps): JSX.Element {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);

  const pick = useRef(onPick);
  pick.current = onPick;

  useEffect(() => {
    const made = init(element.current);
    made.on('click', ({ dataType, data }) => {
      const { id } = (data ?? {}) as { id?: string };
      if (dataType !== 'edge' && id !== undefined) pick.current?.(id);
    });
    chart.current = made;
    const resize = new ResizeObserver(() => {
      if (hasSize(element.current)) made.resize();
    });
    resize.observe(element.current!);
    return () => {
      resize.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(option);
  }, [option]);

  return <div class={`chart ${size ?? ''}`} ref={element} role="img" aria-label={label} />;
}
