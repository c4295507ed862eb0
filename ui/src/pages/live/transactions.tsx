// The table of the latest transactions.

import type { JSX } from 'preact';
import { memo } from 'preact/compat';

import type { Transaction } from '../../api/types';
import { ActualMark, DecisionMark } from '../../components/decision';
import { useNearRows } from '../../components/near_rows';
import { useLocale } from '../../context';
import { cardDigits, merchantName } from '../../format';
import { categoryName } from '../../i18n/categories';
import { hashOf } from '../../route';
import { isEverything, type Filter } from '../../state/filter';

const Row = memo(function Row({ row }: { readonly row: Transaction }): JSX.Element {
  const { language, texts, format } = useLocale();
  const category = categoryName(row.category, language);
  const digits = cardDigits(row.card);
  return (
    <tr class={row.decision}>
      <td class="time">
        <time dateTime={row.time} title={format.dateTime(row.time)}>
          <span class="date">{format.date(row.time)}</span> {format.time(row.time)}
        </time>
      </td>
      <td class="card wide" title={texts.cardEnding(digits)}>
        <span aria-hidden="true">•••• </span>
        {digits}
      </td>
      <td class="merchant" title={merchantName(row.merchant)}>
        <a href={hashOf({ view: 'transaction', number: row.trans_num })}>
          {merchantName(row.merchant)}
        </a>
        <span class="narrow">
          {category} · •••• {digits}
        </span>
      </td>
      <td class="category wide">{category}</td>
      <td class="number">{format.amount(row.amount)}</td>
      <td class="number score wide">
        <span class={`bar ${row.decision}`} style={{ '--share': row.score }} aria-hidden="true" />
        <span class="digits">{format.score(row.score)}</span>
      </td>
      <td>
        <DecisionMark decision={row.decision} />
        <span class="narrow">{format.score(row.score)}</span>
      </td>
      <td class="wide">
        <ActualMark isFraud={row.is_fraud} />
      </td>
    </tr>
  );
});

function Empty(): JSX.Element {
  const { texts } = useLocale();
  return (
    <div class="empty">
      <h4>{texts.empty}</h4>
      <p>{texts.emptyText}</p>
      <pre>
        <code>{`haechi stream fraudTest.csv --to ${location.origin} --rate 5`}</code>
      </pre>
    </div>
  );
}

/** Less than this share drawn is said. */
const ALL = 0.95;
/** The panel holds twenty. */
const ROWS_NEAR = 30;

interface TransactionsProps {
  readonly rows: readonly Transaction[];
  readonly filter: Filter;
  /** Of what comes, the share that is drawn. */
  readonly share: number;
}

export function Transactions({ rows, filter, share }: TransactionsProps): JSX.Element {
  const { texts, format } = useLocale();
  const { columns } = texts;
  const { drawn, watched } = useNearRows(rows, ROWS_NEAR);
  return (
    <section class="panel latest" aria-labelledby="latest">
      <div class="title">
        <h3 id="latest">{texts.latest}</h3>
        <span class="quiet">
          {rows.length > 0 && texts.latestNote(format.integer(rows.length))}
          {share < ALL && (
            <span class="sampled" title={texts.live.sampledTitle}>
              {' · '}
              {texts.live.sampled(format.share(share))}
            </span>
          )}
        </span>
      </div>
      {rows.length === 0 && !isEverything(filter) && <p class="none">{texts.live.nothingMatches}</p>}
      {rows.length === 0 && isEverything(filter) && <Empty />}
      {rows.length > 0 && (
        <div class="scroll" role="region" aria-labelledby="latest" tabIndex={0} {...watched}>
          <table>
            <thead>
              <tr>
                <th scope="col" class="time">{columns.time}</th>
                <th scope="col" class="card wide">{columns.card}</th>
                <th scope="col" class="merchant">{columns.merchant}</th>
                <th scope="col" class="category wide">{columns.category}</th>
                <th scope="col" class="amount number">{columns.amount}</th>
                <th scope="col" class="score number wide">{columns.score}</th>
                <th scope="col" class="decision">{columns.decision}</th>
                <th scope="col" class="actual-column wide">{columns.actual}</th>
              </tr>
            </thead>
            <tbody>
              {drawn.map((row) => (
                <Row key={row.trans_num} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
