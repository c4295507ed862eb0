// What a range of time comes to: totals of fraud and not, how well frauds are found, where they
// happen, at whom and at which amounts.

import type { EChartsOption } from 'echarts';
import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';

import { RANGES, type AmountBucket, type Board, type MerchantRow, type Range } from '../../api/board';
import { useLiveResource } from '../../api/live_resource';
import type { Stats } from '../../api/types';
import { axisStyle, labelStyle, tooltipStyle, valueAxis } from '../../charts/base';
import type { Palette } from '../../charts/chart';
import { ChartPanel } from '../../components/chart_panel';
import { Choice } from '../../components/choice';
import { Figure } from '../../components/figure';
import { ResourceNotice } from '../../components/notice';
import { useLocale, type Locale } from '../../context';
import { merchantName } from '../../format';
import { categoryName } from '../../i18n/categories';
import type { Connection } from '../../state/live';
import { HeatMap } from './heat_map';

function Figures({ board }: { readonly board: Board }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.live;
  const { quality, agreement } = board;
  const count = (value: number): string => format.integer(value);
  const share = (value: number | null): string => (value === null ? '–' : format.percent(value));
  const labelled = board.frauds + board.not_frauds;
  return (
    <dl class="figures">
      <Figure
        name={texts.transactions}
        value={count(board.transactions)}
        note={words.unlabelled(count(board.unlabelled))}
      />
      <Figure
        name={words.frauds}
        value={count(board.frauds)}
        note={labelled > 0 && words.ofLabelled(format.percent(board.frauds / labelled))}
        kind="decline"
      />
      <Figure name={words.notFrauds} value={count(board.not_frauds)} note={words.byLabel} kind="approve" />
      <Figure
        name={words.alertRate}
        value={share(board.alert_rate)}
        note={words.alertCount(count(board.alerts))}
        kind="review"
      />
      <Figure
        name={words.precision}
        value={share(quality.precision)}
        note={words.precisionNote(count(quality.true_positives), count(quality.false_positives))}
      />
      <Figure
        name={words.recall}
        value={share(quality.recall)}
        note={words.recallNote(count(quality.true_positives), count(quality.false_negatives))}
      />
      <Figure
        name={words.caught}
        value={format.compactAmount(quality.fraud_caught)}
        note={words.missed(format.compactAmount(quality.fraud_missed))}
      />
      {agreement && (
        <Figure
          name={words.agreement}
          value={share(agreement.rate)}
          note={words.agreementNote(count(agreement.alerts_all), count(agreement.alerts_any))}
        />
      )}
    </dl>
  );
}

function bucketName({ from, to }: AmountBucket, { format }: Locale): string {
  return to == null ? `${format.compact(from)}+` : `${format.compact(from)}–${format.compact(to)}`;
}

/** Transactions above, frauds below: of one scale the frauds would not be seen. */
function amountsOption(
  buckets: readonly AmountBucket[],
  colours: Palette,
  locale: Locale,
): EChartsOption {
  const { texts, format } = locale;
  const words = texts.live;
  const names = buckets.map((bucket) => bucketName(bucket, locale));
  const category = {
    type: 'category' as const,
    data: names,
    ...axisStyle(colours),
  };
  const count = (name: string) => ({
    ...valueAxis(colours, name, (value) => format.compact(value)),
    nameLocation: 'end' as const,
    nameGap: 8,
    nameTextStyle: { ...labelStyle(colours), align: 'left' as const, padding: [0, 0, 0, -40] },
    axisLine: { show: false },
    min: 0,
    minInterval: 1,
  });
  const bars = (name: string, field: 'transactions' | 'frauds', grid: number, colour: string) => ({
    type: 'bar' as const,
    name,
    xAxisIndex: grid,
    yAxisIndex: grid,
    data: buckets.map((bucket) => bucket[field]),
    barCategoryGap: '22%',
    itemStyle: { color: colour, borderRadius: [2, 2, 0, 0] },
  });
  return {
    animation: false,
    textStyle: { fontFamily: colours.font },
    grid: [
      { left: 48, right: 14, top: 24, height: '50%' },
      { left: 48, right: 14, bottom: 24, height: '24%' },
    ],
    tooltip: {
      ...tooltipStyle(colours),
      trigger: 'axis',
      axisPointer: { type: 'shadow' },
      formatter: (params) => {
        const bucket = buckets[(Array.isArray(params) ? params[0] : params)?.dataIndex ?? -1];
        if (!bucket) return '';
        return (
          `${bucketName(bucket, locale)}\n` +
          `${texts.transactions} ${format.integer(bucket.transactions)}\n` +
          `${words.frauds} ${format.integer(bucket.frauds)}`
        );
      },
    },
    axisPointer: { link: [{ xAxisIndex: 'all' }], label: { show: false } },
    xAxis: [
      { ...category, gridIndex: 0, axisLabel: { show: false } },
      { ...category, gridIndex: 1, axisLabel: { ...labelStyle(colours), interval: 0, fontSize: 10 } },
    ],
    yAxis: [
      { ...count(texts.transactions), gridIndex: 0, splitNumber: 3 },
      { ...count(words.frauds), gridIndex: 1, splitNumber: 2 },
    ],
    series: [
      bars(texts.transactions, 'transactions', 0, colours.accent),
      bars(words.frauds, 'frauds', 1, colours.decline),
    ],
  };
}

function amountsSummary(buckets: readonly AmountBucket[], locale: Locale): string {
  const { texts, format } = locale;
  const parts = buckets
    .filter((bucket) => bucket.transactions > 0)
    .map((bucket) =>
      texts.live.bucket(
        bucketName(bucket, locale),
        format.integer(bucket.transactions),
        format.integer(bucket.frauds),
      ),
    );
  return `${texts.live.amounts}. ${parts.join('; ')}`;
}

interface RankingProps {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  /** Of the first column. */
  readonly column: string;
  readonly rows: readonly {
    readonly key: string;
    readonly name: string;
    readonly transactions: number;
    readonly frauds: number;
  }[];
  /** What the bars show. */
  readonly by: 'transactions' | 'frauds';
  readonly none: string;
}

function Ranking({ id, title, note, column, rows, by, none }: RankingProps): JSX.Element {
  const { texts, format } = useLocale();
  const most = rows.reduce((max, row) => Math.max(max, row[by]), 1);
  return (
    <section class={`panel ranking by-${by}`} aria-labelledby={id}>
      <div class="title">
        <h3 id={id}>{title}</h3>
        {note && <span class="quiet">{note}</span>}
      </div>
      {rows.length === 0 ? (
        <p class="none">{none}</p>
      ) : (
        <table class="fitted">
          <thead>
            <tr>
              <th scope="col">{column}</th>
              <th scope="col" class="number">{texts.transactions}</th>
              <th scope="col" class="number">{texts.live.frauds}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key}>
                <th scope="row" style={{ '--share': row[by] / most }}>
                  <span>{row.name}</span>
                </th>
                <td class="number">{format.integer(row.transactions)}</td>
                <td class="number">{format.integer(row.frauds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

const merchantRows = (rows: readonly MerchantRow[]): RankingProps['rows'] =>
  rows.map((row) => ({ ...row, key: row.merchant, name: merchantName(row.merchant) }));

const Panels = memo(function Panels({ board }: { readonly board: Board }): JSX.Element {
  const locale = useLocale();
  const { language, texts } = locale;
  const words = texts.live;
  const categories = board.categories.map((row) => ({
    ...row,
    key: row.category,
    name: categoryName(row.category, language),
  }));
  return (
    <>
      <div class="charts">
        <HeatMap places={board.places} />
        <ChartPanel
          level={3}
          title={words.amounts}
          label={amountsSummary(board.amounts, locale)}
          data={board.amounts}
          option={amountsOption}
        />
      </div>
      <div class="rankings">
        <Ranking
          id="busiest"
          title={words.busiest}
          column={texts.columns.merchant}
          rows={merchantRows(board.merchants)}
          by="transactions"
          none={words.nothingHere}
        />
        <Ranking
          id="defrauded"
          title={words.defrauded}
          column={texts.columns.merchant}
          rows={merchantRows(board.fraud_merchants.filter((row) => row.frauds > 0))}
          by="frauds"
          none={words.noFrauds}
        />
        <Ranking
          id="categories"
          title={words.categories}
          column={texts.columns.category}
          rows={categories}
          by="frauds"
          none={words.nothingHere}
        />
      </div>
    </>
  );
});

interface BoardProps {
  readonly connection: Connection;
  /** What the answer depends on: transactions and labels so far. */
  readonly stats: Stats | null;
  readonly paused: boolean;
}

export function BoardSection({ connection, stats, paused }: BoardProps): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.live;
  const [range, setRange] = useState<Range>('all'); // a label comes days later
  const changes = `${connection} ${stats?.transactions} ${stats?.labels} ${stats?.frauds_labelled}`;
  const active = connection === 'live' && !paused;
  const asked = useLiveResource<Board>(`/v1/board?window=${range}`, changes, active);
  const board = asked.data;
  return (
    <section class="board" aria-labelledby="board" aria-busy={asked.loading}>
      <div class="heading">
        <h2 id="board">{words.board}</h2>
        <span class="quiet">
          {board?.from && board.to && words.between(format.dateTime(board.from), format.dateTime(board.to))}
        </span>
        <Choice<Range>
          label={words.range}
          options={RANGES.map((value) => [value, words.ranges[value]] as const)}
          value={range}
          onChoose={setRange}
        />
      </div>
      {connection !== 'lost' && <ResourceNotice of={asked} absent={words.noBoard} />}
      {board && board.transactions === 0 && <p class="panel none">{words.emptyBoard}</p>}
      {board && board.transactions > 0 && <Figures board={board} />}
      {board && board.transactions > 0 && <Panels board={board} />}
    </section>
  );
}
