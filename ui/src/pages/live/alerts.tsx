// The alerts: what was not approved, and why.

import type { JSX } from 'preact';
import { memo } from 'preact/compat';

import type { Reason, Transaction } from '../../api/types';
import { ActualMark, DecisionMark } from '../../components/decision';
import { useNearRows } from '../../components/near_rows';
import { useLocale } from '../../context';
import { cardDigits, merchantName } from '../../format';
import { categoryName } from '../../i18n/categories';
import { featureName } from '../../i18n/features';
import { hashOf } from '../../route';
import { isEverything, type Filter } from '../../state/filter';

const REASONS_MAX = 3;

function ReasonLine({ reason }: { readonly reason: Reason }): JSX.Element {
  const { language, texts } = useLocale();
  const raises = reason.contribution >= 0;
  return (
    <li class={raises ? 'raises' : 'lowers'}>
      <span aria-hidden="true" class="arrow">
        {raises ? '▲' : '▼'}
      </span>
      {reason.text?.[language] ?? featureName(reason.feature, language)}{' '}
      <span class="hidden">({raises ? texts.raises : texts.lowers})</span>
    </li>
  );
}

const Alert = memo(function Alert({ row }: { readonly row: Transaction }): JSX.Element {
  const { language, texts, format } = useLocale();
  return (
    <li class={`alert ${row.decision}`}>
      <div class="head">
        <DecisionMark decision={row.decision} />
        <b class="amount">{format.amount(row.amount)}</b>
        <a class="at" href={hashOf({ view: 'transaction', number: row.trans_num })}>
          {merchantName(row.merchant)}
        </a>
        {row.is_fraud !== null && <ActualMark isFraud={row.is_fraud} />}
      </div>
      <p class="quiet">
        {texts.columns.score} {format.score(row.score)} ·{' '}
        <time dateTime={row.time} title={format.dateTime(row.time)}>
          {format.date(row.time)} {format.time(row.time)}
        </time>{' '}
        · {texts.cardEnding(cardDigits(row.card))} · {categoryName(row.category, language)}
      </p>
      {row.reasons.length > 0 && (
        <ul class="reasons" aria-label={texts.reasons}>
          {row.reasons.slice(0, REASONS_MAX).map((reason) => (
            <ReasonLine key={reason.feature} reason={reason} />
          ))}
        </ul>
      )}
    </li>
  );
});

/** The panel holds twelve at most. */
const ALERTS_NEAR = 16;

interface AlertsProps {
  readonly rows: readonly Transaction[];
  readonly filter: Filter;
}

export function Alerts({ rows, filter }: AlertsProps): JSX.Element {
  const { texts } = useLocale();
  const { drawn, watched } = useNearRows(rows, ALERTS_NEAR);
  return (
    <section class="panel alerts" aria-labelledby="alerts">
      <div class="title">
        <h3 id="alerts">{texts.alerts}</h3>
        <span class="quiet">{texts.alertsNote}</span>
      </div>
      {rows.length === 0 ? (
        <p class="none">{isEverything(filter) ? texts.noAlerts : texts.live.nothingMatches}</p>
      ) : (
        <ol class="scroll" role="list" aria-labelledby="alerts" tabIndex={0} {...watched}>
          {drawn.map((row) => (
            <Alert key={row.trans_num} row={row} />
          ))}
        </ol>
      )}
    </section>
  );
}
