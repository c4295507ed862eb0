// The card's number: masked, and in full for a moment to those who may see it, which is kept in the
// audit trail.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { postJson } from '../../api/client';
import type { CardShown } from '../../api/card';
import { useLocale } from '../../context';
import { cardDigits, groupDigits } from '../../format';
import { asError, problemText } from '../../problem';
import { usePermission } from '../../session';

const SHOWN_MS = 30_000;

interface CardNumberProps {
  readonly number: string;
  readonly masked: string;
}

export function CardNumber({ number, masked }: CardNumberProps): JSX.Element {
  const { texts } = useLocale();
  const words = texts.transaction;
  const { may, why } = usePermission('analyst');
  const [card, setCard] = useState<string | null>(null);
  const [failed, setFailed] = useState('');
  useEffect(() => {
    if (card === null) return;
    const hide = setTimeout(() => setCard(null), SHOWN_MS);
    return () => clearTimeout(hide);
  }, [card]);

  async function show(): Promise<void> {
    setFailed('');
    try {
      const path = `/v1/transactions/${encodeURIComponent(number)}/card`;
      setCard((await postJson<CardShown>(path, {})).card);
    } catch (error) {
      setFailed(problemText(asError(error), texts));
    }
  }

  return (
    <div class="card-number">
      <span role="status">
        {card === null ? texts.cardEnding(cardDigits(masked)) : <b>{groupDigits(card)}</b>}
      </span>{' '}
      {card === null ? (
        <button
          type="button"
          class="plain"
          disabled={!may}
          title={why ?? words.showCardNote}
          onClick={() => void show()}
        >
          {words.showCard}
        </button>
      ) : (
        <button type="button" class="plain" onClick={() => setCard(null)}>
          {words.hideCard}
        </button>
      )}
      {why && <small class="quiet">{why}</small>}
      {failed && (
        <small class="bad" role="alert">
          {failed}
        </small>
      )}
    </div>
  );
}
