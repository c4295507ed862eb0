// What the transaction is like beside what its card usually does.

import type { JSX } from 'preact';

import type { CardTransaction } from '../../api/card';
import { useLocale } from '../../context';
import { outside, usualOf, type Compared, type Usual } from '../../state/usual';

interface RowProps {
  readonly name: string;
  readonly value: string;
  readonly usual: string;
  /** Out of what is usual. */
  readonly odd: boolean;
}

function Row({ name, value, usual, odd }: RowProps): JSX.Element {
  const { texts } = useLocale();
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="number">
        {odd ? (
          <b class="bad">
            {value}
            <span class="hidden"> ({texts.transaction.unusual})</span>
          </b>
        ) : (
          value
        )}
      </td>
      <td>{usual}</td>
    </tr>
  );
}

/** Faster than any vehicle that a card holder is likely to sit in. */
const SPEED_ODD_KMH = 900;
/** Rarer than this share of the earlier ones. */
const RARE = 0.05;

function Rows({ usual }: { readonly usual: Usual }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.transaction;
  const range = (of: Compared, show: (value: number) => string): string =>
    words.usually(show(of.median), show(of.low), show(of.high));
  const share = (count: number): RowProps => ({
    name: '',
    value: words.ofBefore(format.integer(count), format.integer(usual.of)),
    usual: format.share(count / usual.of),
    odd: count / usual.of < RARE,
  });
  const { amount, gap, distance, speed } = usual;
  return (
    <>
      <Row
        name={texts.columns.amount}
        value={format.amount(amount.value)}
        usual={range(amount, format.amount)}
        odd={outside(amount) > 0}
      />
      {gap && (
        <Row
          name={words.sinceLast}
          value={format.duration(gap.value)}
          usual={range(gap, format.duration)}
          odd={outside(gap) < 0}
        />
      )}
      {distance && (
        <Row
          name={words.fromHome}
          value={format.distance(distance.value)}
          usual={range(distance, format.distance)}
          odd={outside(distance) > 0}
        />
      )}
      {speed !== null && (
        <Row
          name={words.speed}
          value={`${format.distance(speed)}/h`}
          usual={words.speedNote}
          odd={speed > SPEED_ODD_KMH}
        />
      )}
      <Row {...share(usual.category)} name={words.sameCategory} />
      <Row {...share(usual.merchant)} name={words.sameMerchant} odd={false} />
      <Row {...share(usual.hour)} name={words.sameHour} />
    </>
  );
}

interface UsualPanelProps {
  readonly history: readonly CardTransaction[];
  readonly number: string;
}

export function UsualPanel({ history, number }: UsualPanelProps): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.transaction;
  const usual = usualOf(history, number);
  return (
    <section class="panel" aria-labelledby="usual">
      <div class="title">
        <h2 id="usual">{words.usual}</h2>
        {usual && <span class="quiet">{words.usualNote(format.integer(usual.of))}</span>}
      </div>
      {usual ? (
        <table class="fitted">
          <thead>
            <tr>
              <th scope="col">{words.what}</th>
              <th scope="col" class="number">{words.here}</th>
              <th scope="col">{words.usualColumn}</th>
            </tr>
          </thead>
          <tbody>
            <Rows usual={usual} />
          </tbody>
        </table>
      ) : (
        <p class="none">{words.tooNew}</p>
      )}
    </section>
  );
}
