// A chart with its title, as a panel.

import type { EChartsOption } from 'echarts';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { Chart, usePalette, type Palette } from '../charts/chart';
import { useLocale, type Locale } from '../context';

interface ChartPanelProps<T> {
  readonly title: string;
  readonly note?: string | undefined;
  readonly data: T;
  /** Made anew when the data, the colours or the language change; not when this function does. */
  readonly option: (data: T, colours: Palette, locale: Locale) => EChartsOption;
  /** What the chart shows, in words; the title where none says more. */
  readonly label?: string;
  readonly size?: 'tall';
  /** Of the title among the page's headings. */
  readonly level?: 2 | 3;
}

export function ChartPanel<T>(props: ChartPanelProps<T>): JSX.Element {
  const { title, note, data } = props;
  const locale = useLocale();
  const palette = usePalette();
  const option = useMemo(() => props.option(data, palette, locale), [data, palette, locale]);
  const label = props.label ?? (note ? `${title}: ${note}` : title);
  return (
    <figure class={`panel ${props.size ?? ''}`}>
      <figcaption class="title">
        {props.level === 3 ? <h3>{title}</h3> : <h2>{title}</h2>}
        {note && <span class="quiet">{note}</span>}
      </figcaption>
      <Chart option={option} label={label} {...(props.size ? { size: props.size } : {})} />
    </figure>
  );
}
