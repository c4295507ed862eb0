// The card's time line: when, how much, where; as a chart, as a map and as a table.

import type { EChartsOption } from 'echarts';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import type { CardTransaction } from '../../api/card';
import { labelStyle, plainOption, tooltipStyle, valueAxis } from '../../charts/base';
import { Chart, usePalette, type Palette } from '../../charts/chart';
import { project } from '../../charts/projection';
import { frameAround, UsMap } from '../../charts/us_map';
import { ActualMark, DecisionMark } from '../../components/decision';
import { useLocale, type Locale } from '../../context';
import { merchantName } from '../../format';
import { categoryName } from '../../i18n/categories';
import { hashOf } from '../../route';
import { timeAxis } from '../../state/time_axis';

interface HistoryProps {
  readonly history: readonly CardTransaction[];
  readonly number: string;
}

/** A fraud by its label, or by the decision what it may be. */
function colourOf(row: CardTransaction, colours: Palette): string {
  if (row.is_fraud) return colours.decline;
  return row.decision === 'approve' ? colours.approve : colours[row.decision];
}

/** A shape too, so that colour is never alone: a fraud is a diamond, an alert a triangle. */
function symbolOf(row: CardTransaction): string {
  if (row.is_fraud) return 'diamond';
  return row.decision === 'approve' ? 'circle' : 'triangle';
}

function timeLineOption(
  { history, number }: HistoryProps,
  colours: Palette,
  locale: Locale,
): EChartsOption {
  const { language, texts, format } = locale;
  const { withTime, leastMs } = timeAxis(history.map((row) => Date.parse(row.time)));
  const when = (at: number): string => {
    const iso = new Date(at).toISOString();
    return withTime ? `${format.date(iso)}\n${format.time(iso)}` : format.date(iso);
  };
  const name = (row: CardTransaction): string =>
    `${format.dateTime(row.time)}\n${format.amount(row.amount)} · ${merchantName(row.merchant)}\n` +
    `${categoryName(row.category, language)} · ${texts.decision[row.decision]}` +
    (row.is_fraud === null ? '' : ` · ${row.is_fraud ? texts.actual.fraud : texts.actual.genuine}`);
  return {
    ...plainOption(colours),
    grid: { left: 62, right: 22, top: 14, bottom: withTime ? 40 : 28 },
    tooltip: {
      ...tooltipStyle(colours),
      trigger: 'item',
      formatter: (params) => {
        const row = history[(Array.isArray(params) ? params[0] : params)?.dataIndex ?? -1];
        return row ? name(row) : '';
      },
    },
    xAxis: {
      type: 'time',
      minInterval: leastMs,
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        ...labelStyle(colours),
        lineHeight: 14,
        hideOverlap: true,
        formatter: when,
      },
    },
    yAxis: {
      ...valueAxis(colours, texts.columns.amount, (value) => format.compact(value)),
      type: 'log',
      nameGap: 42,
    },
    series: [
      {
        type: 'scatter',
        data: history.map((row) => {
          const here = row.trans_num === number;
          return {
            id: row.trans_num,
            // A logarithm has no place for what costs nothing.
            value: [Date.parse(row.time), Math.max(0.01, row.amount)],
            symbol: symbolOf(row),
            symbolSize: here ? 17 : row.decision === 'approve' && !row.is_fraud ? 8 : 11,
            itemStyle: {
              color: colourOf(row, colours),
              opacity: here ? 1 : 0.8,
              borderColor: here ? colours.text : colours.surface,
              borderWidth: here ? 2 : 1,
            },
            z: here ? 3 : 2,
          };
        }),
      },
    ],
  };
}

function TimeLine(props: HistoryProps): JSX.Element {
  const locale = useLocale();
  const palette = usePalette();
  const { texts, format } = locale;
  const words = texts.transaction;
  const { history, number } = props;
  const option = useMemo(
    () => timeLineOption({ history, number }, palette, locale),
    [history, number, palette, locale],
  );
  const first = history[history.length - 1];
  const label =
    first && history[0]
      ? words.timeLineSummary(
          format.integer(history.length),
          format.day(first.time),
          format.day(history[0].time),
        )
      : words.timeLine;
  return (
    <figure class="panel">
      <figcaption class="title">
        <h2>{words.timeLine}</h2>
        <span class="quiet">{words.timeLineNote}</span>
      </figcaption>
      <Chart
        option={option}
        label={label}
        onPick={(id) => (location.hash = hashOf({ view: 'transaction', number: id }))}
      />
    </figure>
  );
}

type Placed = CardTransaction & { readonly merch_lat: number; readonly merch_long: number };

function CardMap({ history, number }: HistoryProps): JSX.Element {
  const locale = useLocale();
  const { texts, format } = locale;
  const words = texts.transaction;
  const placed = history.filter(
    (row): row is Placed => row.merch_lat !== null && row.merch_long !== null,
  );
  const homes = history.filter((row) => row.lat !== null && row.long !== null).slice(0, 1);
  const home = homes[0] ? project(homes[0].lat ?? 0, homes[0].long ?? 0) : null;
  const dots = placed
    .map((row) => ({ row, at: project(row.merch_lat, row.merch_long), here: row.trans_num === number }))
    .sort((a, b) => Number(a.here) - Number(b.here));
  const frame = frameAround([...dots.map(({ at }) => at), ...(home ? [home] : [])]);
  const unit = frame.width / 100;
  return (
    <figure class="panel places">
      <figcaption class="title">
        <h2>{words.places}</h2>
        <span class="quiet">{words.placesNote}</span>
      </figcaption>
      {dots.length === 0 ? (
        <p class="none">{words.noPlaces}</p>
      ) : (
        <UsMap
          frame={frame}
          label={words.placesSummary(format.integer(dots.length))}
          over={
            <g>
              {home &&
                dots.map(({ row, at, here }) => (
                  <line
                    key={row.trans_num}
                    class={here ? 'way here' : 'way'}
                    x1={home[0]}
                    y1={home[1]}
                    x2={at[0]}
                    y2={at[1]}
                  />
                ))}
              {dots.map(({ row, at, here }) => (
                <circle
                  key={row.trans_num}
                  class={`dot ${row.is_fraud ? 'fraud' : row.decision} ${here ? 'here' : ''}`}
                  cx={at[0]}
                  cy={at[1]}
                  r={(here ? 1.7 : 0.9) * unit}
                >
                  <title>{`${merchantName(row.merchant)}, ${format.amount(row.amount)}, ${format.dateTime(row.time)}`}</title>
                </circle>
              ))}
              {home && (
                <path
                  class="home"
                  d={`M${home[0] - 1.6 * unit},${home[1]} l${1.6 * unit},${-1.5 * unit} l${1.6 * unit},${1.5 * unit} h${-0.5 * unit} v${1.3 * unit} h${-2.2 * unit} v${-1.3 * unit} z`}
                >
                  <title>{words.home}</title>
                </path>
              )}
            </g>
          }
        />
      )}
    </figure>
  );
}

function HistoryTable({ history, number }: HistoryProps): JSX.Element {
  const { language, texts, format } = useLocale();
  const words = texts.transaction;
  const { columns } = texts;
  return (
    <section class="panel" aria-labelledby="history">
      <div class="title">
        <h2 id="history">{words.history}</h2>
        <span class="quiet">{texts.latestNote(format.integer(history.length))}</span>
      </div>
      <div class="scroll history" role="region" aria-labelledby="history" tabIndex={0}>
        <table class="fitted">
          <thead>
            <tr>
              <th scope="col">{columns.time}</th>
              <th scope="col">{columns.merchant}</th>
              <th scope="col" class="wide">{columns.category}</th>
              <th scope="col" class="number">{columns.amount}</th>
              <th scope="col" class="number wide">{columns.score}</th>
              <th scope="col">{columns.decision}</th>
              <th scope="col" class="wide">{columns.actual}</th>
            </tr>
          </thead>
          <tbody>
            {history.map((row) => {
              const here = row.trans_num === number;
              return (
                <tr key={row.trans_num} class={here ? 'chosen' : ''} aria-current={here || undefined}>
                  <td>
                    {format.date(row.time)} {format.time(row.time)}
                  </td>
                  <td class="merchant">
                    {here ? (
                      <b>{merchantName(row.merchant)}</b>
                    ) : (
                      <a href={hashOf({ view: 'transaction', number: row.trans_num })}>
                        {merchantName(row.merchant)}
                      </a>
                    )}
                  </td>
                  <td class="wide">{categoryName(row.category, language)}</td>
                  <td class="number">{format.amount(row.amount)}</td>
                  <td class="number wide">{format.score(row.score)}</td>
                  <td>
                    <DecisionMark decision={row.decision} />
                  </td>
                  <td class="wide">
                    <ActualMark isFraud={row.is_fraud} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function History(props: HistoryProps): JSX.Element {
  return (
    <>
      <div class="charts">
        <TimeLine {...props} />
        <CardMap {...props} />
      </div>
      <HistoryTable {...props} />
    </>
  );
}
