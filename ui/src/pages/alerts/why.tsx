// Why an alert was raised: the reasons in words, what each member of the model says, and what is
// known of the card and the merchant.

import type { JSX } from 'preact';

import type { AlertFacts, AlertShown } from '../../api/alerts';
import { useResource } from '../../api/resource';
import type { Decision } from '../../api/types';
import { ActualMark, DecisionMark } from '../../components/decision';
import { useLocale } from '../../context';
import { cardDigits, merchantName, plainName } from '../../format';
import { hashOf } from '../../route';

const CARD_ROWS = 8;

interface Shown {
  readonly alert: AlertShown;
}

export function Why({ alert }: { readonly alert: AlertFacts }): JSX.Element {
  const { language, texts, format } = useLocale();
  const words = texts.queue;
  const most = Math.max(...alert.reasons.map((reason) => Math.abs(reason.contribution)), 1e-9);
  return (
    <section aria-labelledby="why">
      <h4 id="why">
        {words.why} <span class="quiet">{words.whyNote}</span>
      </h4>
      {alert.reasons.length === 0 && <p class="quiet">{words.noReasons}</p>}
      <ol class="why">
        {alert.reasons.map((reason) => {
          const raises = reason.contribution >= 0;
          return (
            <li key={reason.feature} class={raises ? 'raises' : 'lowers'}>
              <span aria-hidden="true" class="arrow">
                {raises ? '▲' : '▼'}
              </span>
              <span>
                {reason.text?.[language] ?? plainName(reason.feature)}{' '}
                <span class="hidden">({raises ? texts.raises : texts.lowers})</span>
              </span>
              <span
                class="share"
                style={{ '--share': Math.abs(reason.contribution) / most }}
                aria-hidden="true"
              />
              <b>{format.signed(reason.contribution)}</b>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

export function Members({ alert }: Shown): JSX.Element | null {
  const { texts, format } = useLocale();
  const words = texts.queue;
  if (!alert.members || alert.members.length === 0) return null;
  return (
    <section aria-labelledby="case-members">
      <h4 id="case-members">
        {words.members}{' '}
        {alert.agreement !== undefined && (
          <span class="quiet">{texts.transaction.agreement(format.percent(alert.agreement))}</span>
        )}
      </h4>
      <ul class="case-members">
        {alert.members.map((member) => (
          <li key={member.kind}>
            <span>{member.kind}</span>
            <span class={`bar ${member.alert ? 'decline' : 'approve'}`} style={{ '--share': member.score }} aria-hidden="true" />
            <b>{format.score(member.score)}</b>
            <span class={member.alert ? 'bad' : 'quiet'}>
              {member.alert ? texts.transaction.alert : texts.transaction.noAlert}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Merchant {
  readonly cards: number;
  readonly compromised_cards: number;
}

interface CardHistory {
  readonly transactions: readonly {
    readonly trans_num: string;
    readonly time: string;
    readonly merchant: string;
    readonly amount: number;
    readonly decision: Decision;
    readonly is_fraud: boolean | null;
  }[];
}

function MerchantLine({ name }: { readonly name: string }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.queue;
  const { data } = useResource<Merchant>(`/v1/merchants/${encodeURIComponent(name)}`, 0);
  return (
    <p>
      <b>{merchantName(name)}</b>{' '}
      {data && (
        <span class="quiet">
          {words.merchantCards(format.integer(data.cards))} ·{' '}
          {data.compromised_cards === 0 ? (
            words.noneCompromised
          ) : (
            <span class="bad">
              {words.compromised(
                format.integer(data.compromised_cards),
                format.percent(data.compromised_cards / Math.max(1, data.cards)),
              )}
            </span>
          )}
        </span>
      )}
    </p>
  );
}

/** What the card paid before this, and after it. */
function CardRows({ alert }: Shown): JSX.Element | null {
  const { texts, format } = useLocale();
  const words = texts.queue;
  const path = `/v1/transactions/${encodeURIComponent(alert.trans_num)}/card_history?limit=${CARD_ROWS}`;
  const { data } = useResource<CardHistory>(path, alert.changed);
  if (!data) return null;
  return (
    <div class="sideways" role="region" aria-label={words.cardHistory} tabIndex={0}>
      <table class="fitted card-rows">
        <caption>
          {words.cardHistory} <span class="quiet">{words.cardHistoryNote}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">{texts.columns.time}</th>
            <th scope="col">{texts.columns.merchant}</th>
            <th scope="col" class="number">{texts.columns.amount}</th>
            <th scope="col">{texts.columns.decision}</th>
            <th scope="col">{texts.columns.actual}</th>
          </tr>
        </thead>
        <tbody>
          {data.transactions.map((one) => {
            const same = one.trans_num === alert.trans_num;
            return (
              <tr key={one.trans_num} class={same ? 'chosen' : ''}>
                <td>
                  <span class="date">{format.date(one.time)}</span> {format.time(one.time)}
                </td>
                <td class="merchant">
                  {same ? (
                    <b>
                      {merchantName(one.merchant)} <span class="hidden">({words.thisOne})</span>
                    </b>
                  ) : (
                    <a href={hashOf({ view: 'transaction', number: one.trans_num })}>
                      {merchantName(one.merchant)}
                    </a>
                  )}
                </td>
                <td class="number">{format.amount(one.amount)}</td>
                <td>
                  <DecisionMark decision={one.decision} />
                </td>
                <td>
                  <ActualMark isFraud={one.is_fraud} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export function CardAndMerchant({ alert }: Shown): JSX.Element {
  const { texts } = useLocale();
  const words = texts.queue;
  return (
    <section aria-labelledby="card-and-merchant">
      <h4 id="card-and-merchant">{words.cardAndMerchant}</h4>
      <MerchantLine name={alert.merchant} />
      <p>
        <b>{texts.cardEnding(cardDigits(alert.card))}</b>
      </p>
      <CardRows alert={alert} />
    </section>
  );
}
