// The alert that is chosen: what it is, what can be done with it, why it was raised, the card and the
// merchant it is of, what people wrote and did.

import type { JSX, RefObject } from 'preact';

import type { AlertFacts, AlertShown } from '../../api/alerts';
import { isAbsent } from '../../api/resource';
import { ActualMark, DecisionMark } from '../../components/decision';
import { FailureNotice, Notice } from '../../components/notice';
import { useLocale } from '../../context';
import { cardDigits, merchantName } from '../../format';
import { categoryName } from '../../i18n/categories';
import { hashOf } from '../../route';
import { Actions, type ActionsProps } from './actions';
import { History, Notes } from './notes';
import { OutcomeLines } from './said';
import type { CaseHandle } from './use_queue';
import { CardAndMerchant, Members, Why } from './why';

interface CasePaneProps extends ActionsProps {
  /** What the list knows of it, at once. */
  readonly item: AlertFacts | null;
  /** All of it; null while it is on its way. */
  readonly alert: AlertShown | null;
  readonly detail: CaseHandle;
  readonly chosen: string | null;
  readonly heading: RefObject<HTMLHeadingElement>;
  readonly noteField: RefObject<HTMLTextAreaElement>;
  onStep(by: number): void;
}

interface HeadProps {
  readonly alert: AlertFacts;
  readonly heading: CasePaneProps['heading'];
}

function Head({ alert, heading }: HeadProps): JSX.Element {
  const { language, texts, format } = useLocale();
  const words = texts.queue;
  return (
    <div class="case-head">
      <h3 ref={heading} tabIndex={-1}>
        <span class="amount">{format.amount(alert.amount)}</span> {merchantName(alert.merchant)}
      </h3>
      <p class="case-facts">
        <DecisionMark decision={alert.decision} />
        <span>
          {texts.columns.score} <b>{format.score(alert.score)}</b>
        </span>
        <span title={words.lossText}>
          {words.loss} <b>{format.amount(alert.expected_loss)}</b>
        </span>
        {alert.is_fraud !== null && <ActualMark isFraud={alert.is_fraud} />}
      </p>
      <p class="quiet case-facts">
        <time dateTime={alert.time}>{format.dateTime(alert.time)}</time>
        <span>{texts.cardEnding(cardDigits(alert.card))}</span>
        <span>{categoryName(alert.category, language)}</span>
        <a href={hashOf({ view: 'transaction', number: alert.trans_num })}>
          {words.openTransaction} →
        </a>
      </p>
    </div>
  );
}

/** On a narrow window the alert stands in the list's place: the way back, and on to the next. */
function Steps({ onStep }: Pick<CasePaneProps, 'onStep'>): JSX.Element {
  const words = useLocale().texts.queue;
  return (
    <div class="case-steps">
      <a href={hashOf({ view: 'alerts' })}>← {words.backToQueue}</a>
      <button type="button" aria-label={words.previous} title={words.previous} onClick={() => onStep(-1)}>
        <span aria-hidden="true">↑</span>
      </button>
      <button type="button" aria-label={words.next} title={words.next} onClick={() => onStep(1)}>
        <span aria-hidden="true">↓</span>
      </button>
    </div>
  );
}

function State({ detail, chosen }: Pick<CasePaneProps, 'detail' | 'chosen'>): JSX.Element {
  const { texts } = useLocale();
  const words = texts.queue;
  if (chosen === null) return <p class="none">{words.choose}</p>;
  if (!detail.error) return <p class="none">{texts.asking}</p>;
  if (isAbsent(detail.error)) return <Notice kind="absent">{words.notFound}</Notice>;
  return <FailureNotice error={detail.error} />;
}

export function CasePane(props: CasePaneProps): JSX.Element {
  const { alert, item, work } = props;
  const words = useLocale().texts.queue;
  return (
    <section class="panel case-pane" aria-label={words.detail}>
      <Steps onStep={props.onStep} />
      {item === null && <State {...props} />}
      {item && (
        <>
          <Head alert={item} heading={props.heading} />
          <Actions {...props} />
        </>
      )}
      <div class="case-said">
        <OutcomeLines said={props.chosen !== null && work.said?.of === props.chosen ? work.said : null} onUndo={work.undo} />
      </div>
      {item?.label_waits && <p class="quiet label-waits">{words.labelWaits}</p>}
      {item && (
        <div class="case-body" key={item.trans_num}>
          <Why alert={item} />
          {alert === null && <State {...props} />}
          {alert && (
            <>
              <Members alert={alert} />
              <Notes alert={alert} field={props.noteField} onNote={work.addNote} />
              <CardAndMerchant alert={alert} />
              <History alert={alert} />
            </>
          )}
        </div>
      )}
    </section>
  );
}
