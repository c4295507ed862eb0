// One transaction: what was decided and by whom, why, what it was compared with, and the graph around it.

import type { JSX } from 'preact';

import type { CardHistory } from '../../api/card';
import { isAbsent, useResource } from '../../api/resource';
import type { Reason, StoredTransaction } from '../../api/types';
import { ActualMark, DecisionMark } from '../../components/decision';
import { Fact } from '../../components/facts';
import { Heading } from '../../components/heading';
import { Notice, ResourceNotice } from '../../components/notice';
import { useLocale } from '../../context';
import { merchantName } from '../../format';
import { categoryName } from '../../i18n/categories';
import { featureName } from '../../i18n/features';
import { hashOf } from '../../route';
import type { Connection } from '../../state/live';
import { waterfall } from '../../state/waterfall';
import { CardNumber } from './card_number';
import { CaseLine } from './case';
import { History } from './history';
import { Surroundings } from './surroundings';
import { UsualPanel } from './usual';

const ASK_EVERY_MS = 5_000;

interface Shown {
  readonly of: StoredTransaction;
}

function About({ of, asked }: Shown & { readonly asked: string }): JSX.Element {
  const { language, texts, format } = useLocale();
  const { columns } = texts;
  return (
    <section class="panel" aria-labelledby="about">
      <div class="title">
        <h2 id="about">{texts.transaction.about}</h2>
      </div>
      <dl class="facts">
        <Fact name={columns.decision}>
          <DecisionMark decision={of.decision} />
        </Fact>
        <Fact name={columns.score}>{format.score(of.score)}</Fact>
        <Fact name={columns.amount}>{format.amount(of.amount)}</Fact>
        <Fact name={columns.merchant}>{merchantName(of.merchant)}</Fact>
        <Fact name={columns.category}>{categoryName(of.category, language)}</Fact>
        <Fact name={columns.card}>
          <CardNumber number={of.trans_num} masked={of.card} />
        </Fact>
        <Fact name={columns.time}>{format.dateTime(of.time)}</Fact>
        <Fact name={columns.actual}>
          <ActualMark isFraud={of.is_fraud} />
        </Fact>
        {of.decision !== 'approve' && (
          <Fact name={texts.transaction.alert}>
            <CaseLine number={of.trans_num} asked={asked} />
          </Fact>
        )}
        <Fact name={texts.model}>
          {of.model.name} <span class="version">{of.model.version}</span>
        </Fact>
      </dl>
    </section>
  );
}

function Members({ of }: Shown): JSX.Element | null {
  const { texts, format } = useLocale();
  const words = texts.transaction;
  if (!of.members) return null;
  return (
    <section class="panel" aria-labelledby="members">
      <div class="title">
        <h2 id="members">{words.members}</h2>
        {of.agreement !== undefined && (
          <span class="quiet">{words.agreement(format.percent(of.agreement))}</span>
        )}
      </div>
      <table class="fitted">
        <thead>
          <tr>
            <th scope="col">{texts.models.kind}</th>
            <th scope="col" class="number">{texts.columns.score}</th>
            <th scope="col">{words.says}</th>
          </tr>
        </thead>
        <tbody>
          {of.members.map((member) => (
            <tr key={member.kind}>
              <th scope="row">{member.kind}</th>
              <td class="number">{format.score(member.score)}</td>
              <td>{member.alert ? <b class="bad">{words.alert}</b> : words.noAlert}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The feature that the words are about, and its value. */
function ReasonValue({ reason }: { readonly reason: Reason }): JSX.Element {
  const { language, format } = useLocale();
  return (
    <small class="quiet">
      {featureName(reason.feature, language)} = {reason.value === null ? '–' : format.number(reason.value)}
    </small>
  );
}

function Reasons({ of }: Shown): JSX.Element {
  const { language, texts, format } = useLocale();
  const words = texts.transaction;
  const { falls, zero } = waterfall(of.score, of.reasons.map((reason) => reason.contribution));
  const names = [words.rest, ...of.reasons.map((reason) => reason.text?.[language] ?? featureName(reason.feature, language))];
  return (
    <section class="panel" aria-labelledby="reasons">
      <div class="title">
        <h2 id="reasons">{texts.reasons}</h2>
        <span class="quiet">{words.reasonsNote}</span>
      </div>
      {of.reasons.length === 0 ? (
        <p class="none">{words.noReasons}</p>
      ) : (
        <ol class="waterfall" style={{ '--zero': zero }}>
          {falls.map((fall, i) => (
            <li key={i} class={fall.contribution >= 0 ? 'raises' : 'lowers'}>
              <span>
                {names[i]}
                {i > 0 && <ReasonValue reason={of.reasons[i - 1]!} />}
              </span>
              <b>{format.signed(fall.contribution)}</b>
              <span class="track" aria-hidden="true">
                <span style={{ '--left': fall.left, '--width': fall.width }} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Neighbours({ of }: Shown): JSX.Element | null {
  const { texts, format } = useLocale();
  const words = texts.transaction;
  if (!of.neighbours || of.neighbours.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="neighbours">
      <div class="title">
        <h2 id="neighbours">{words.neighbours}</h2>
        <span class="quiet">{words.neighboursNote}</span>
      </div>
      <table class="fitted">
        <thead>
          <tr>
            <th scope="col">{texts.columns.time}</th>
            <th scope="col">{texts.columns.merchant}</th>
            <th scope="col" class="number">{texts.columns.amount}</th>
            <th scope="col" class="number">{words.contribution}</th>
          </tr>
        </thead>
        <tbody>
          {of.neighbours.map((neighbour, i) => (
            <tr key={i}>
              <td>
                {format.date(neighbour.time)} {format.time(neighbour.time)}
              </td>
              <td>{neighbour.merchant === null ? words.longAgo : merchantName(neighbour.merchant)}</td>
              <td class="number">{neighbour.amount === null ? '–' : format.amount(neighbour.amount)}</td>
              <td class="number">
                {neighbour.contribution === null ? '–' : format.signed(neighbour.contribution)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface TransactionPageProps {
  readonly number: string;
  readonly connection: Connection;
  readonly caseChanges: number;
}

const HISTORY_LIMIT = 60;

export function TransactionPage(props: TransactionPageProps): JSX.Element {
  const { number, connection, caseChanges } = props;
  const { texts } = useLocale();
  const path = `/v1/transactions/${encodeURIComponent(number)}`;
  // Asked again, because its label may come.
  const asked = useResource<StoredTransaction>(path, `${connection} ${caseChanges}`, ASK_EVERY_MS);
  const of = asked.data;
  // The label that this transaction has got changes how its card is shown.
  const history = useResource<CardHistory>(
    of && `${path}/card_history?limit=${HISTORY_LIMIT}`,
    `${connection} ${of?.is_fraud}`,
  );
  const card = history.data?.transactions;
  return (
    <main id="main" class={connection} tabIndex={-1}>
      <div class="heading">
        <a href={hashOf({ view: 'live' })}>← {texts.views.live}</a>
        <Heading>
          {texts.transaction.title} <span class="version">{number}</span>
        </Heading>
      </div>
      {connection === 'lost' && <Notice kind="lost">{texts.lostText}</Notice>}
      {connection !== 'lost' && <ResourceNotice of={asked} absent={texts.transaction.notFound} />}
      {of && <About of={of} asked={`${connection} ${caseChanges}`} />}
      {of && (
        <div class="curves">
          <Reasons of={of} />
          {card && <UsualPanel history={card} number={number} />}
          <Members of={of} />
          <Neighbours of={of} />
        </div>
      )}
      {of && connection !== 'lost' && !isAbsent(history.error) && (
        <ResourceNotice of={history} absent="" />
      )}
      {card && card.length > 0 && <History history={card} number={number} />}
      {of && <Surroundings key={number} number={number} card={of.card} merchant={of.merchant} />}
    </main>
  );
}
