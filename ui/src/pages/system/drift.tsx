// How far the last week's transactions are from those the model learnt from: the index of each
// feature, and of the chosen one the shares of its bins, expected and actual.

import type { EChartsOption } from 'echarts';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { Drift, DriftRow } from '../../api/drift';
import { useResource } from '../../api/resource';
import { axisStyle, labelStyle, legendAbove, plainOption, tooltipStyle, valueAxis } from '../../charts/base';
import type { Palette } from '../../charts/chart';
import { ChartPanel } from '../../components/chart_panel';
import { ResourceNotice } from '../../components/notice';
import { useLocale, type Locale } from '../../context';
import { featureName } from '../../i18n/features';
import type { Connection } from '../../state/live';

const ASK_EVERY_MS = 30_000;

/** What a bin holds: "≤ 3.9", "3.9–7.4", "> 206". */
function binName(edges: readonly number[], bin: number, { format }: Locale): string {
  const [from, to] = [edges[bin - 1], edges[bin]];
  if (from === undefined) return to === undefined ? '' : `≤ ${format.number(to)}`;
  return to === undefined ? `> ${format.number(from)}` : `${format.number(from)}–${format.number(to)}`;
}

function sharesOption(row: DriftRow, colours: Palette, locale: Locale): EChartsOption {
  const { texts, format } = locale;
  const words = texts.system;
  const names = row.expected.bins.map((_, bin) => binName(row.edges, bin, locale));
  const shares = (of: DriftRow['expected']): number[] =>
    [...of.bins, of.missing].map((share) => share ?? 0);
  const series = (name: string, of: DriftRow['expected'], colour: string) => ({
    type: 'bar' as const,
    name,
    data: shares(of),
    itemStyle: { color: colour },
  });
  return {
    ...plainOption(colours),
    grid: { left: 52, right: 18, top: 30, bottom: 58 },
    legend: legendAbove(colours),
    tooltip: {
      ...tooltipStyle(colours),
      trigger: 'axis',
      axisPointer: { type: 'shadow' },
      valueFormatter: (value) => (typeof value === 'number' ? format.percent(value) : '–'),
    },
    xAxis: {
      type: 'category',
      data: [...names, words.missing],
      ...axisStyle(colours),
      axisLabel: { ...labelStyle(colours), rotate: 35, hideOverlap: true },
    },
    yAxis: { ...valueAxis(colours, '', (value) => format.percent(value)), min: 0 },
    series: [
      series(words.expected, row.expected, colours.approve),
      series(words.actual, row.actual, colours.accent),
    ],
  };
}

interface RowProps {
  readonly row: DriftRow;
  readonly name: string;
  readonly chosen: boolean;
  onChoose(): void;
}

function Row({ row, name, chosen, onChoose }: RowProps): JSX.Element {
  const { texts, format } = useLocale();
  return (
    <tr class={chosen ? 'chosen' : ''}>
      <td>
        <button type="button" class="plain" aria-pressed={chosen} onClick={onChoose}>
          {name}
        </button>
      </td>
      <td class="number">{row.psi === null ? '–' : format.number(row.psi)}</td>
      <td>
        <span class={`drift-${row.reading}`}>{texts.system.readings[row.reading]}</span>
      </td>
    </tr>
  );
}

function DriftTable({ drift }: { readonly drift: Drift }): JSX.Element {
  const { language, texts } = useLocale();
  const words = texts.system;
  const rows = [drift.score, ...drift.features];
  const nameOf = (row: DriftRow): string =>
    row.feature === undefined ? words.score : featureName(row.feature, language);
  // A feature's place changes as the indexes do: the choice is of the name. The score has none.
  const [feature, setFeature] = useState<string | undefined>(undefined);
  const shown = rows.find((row) => row.feature === feature) ?? drift.score;
  return (
    <div class="drift">
      <div class="scroll" role="region" aria-labelledby="drift" tabIndex={0}>
        <table class="fitted">
          <thead>
            <tr>
              <th scope="col">{words.feature}</th>
              <th scope="col" class="number">{words.index}</th>
              <th scope="col">{words.reading}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row
                key={row.feature ?? ''}
                row={row}
                name={nameOf(row)}
                chosen={row === shown}
                onChoose={() => setFeature(row.feature)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <ChartPanel title={nameOf(shown)} note={words.sharesNote} data={shown} option={sharesOption} />
    </div>
  );
}

export function DriftPanel({ connection }: { readonly connection: Connection }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.system;
  const asked = useResource<Drift>('/v1/drift', connection, ASK_EVERY_MS);
  const drift = asked.data;
  return (
    <section class="panel" aria-labelledby="drift">
      <div class="title">
        <h2 id="drift">{words.drift}</h2>
        {drift?.from !== undefined && drift.to !== undefined && (
          <span class="quiet">
            {words.driftNote(
              format.integer(drift.transactions),
              format.day(drift.from),
              format.day(drift.to),
            )}
          </span>
        )}
      </div>
      {connection !== 'lost' && <ResourceNotice of={asked} absent={words.noDrift} />}
      {drift && drift.transactions < drift.transactions_min && (
        <p class="few">
          {words.tooFew(format.integer(drift.transactions), format.integer(drift.transactions_min))}
        </p>
      )}
      {drift && drift.features.some((row) => row.reading === 'much') && <p class="few">{words.young}</p>}
      {drift && <DriftTable drift={drift} />}
    </section>
  );
}
