// The question before a label, beside the buttons that it is asked by. A decision becomes a label, which goes
// into features and metrics: it is asked once more, in a line where the hand already is.

import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

import { useLocale } from '../../context';
import type { Question } from '../../state/decision';

interface ConfirmProps {
  readonly question: Question;
  onYes(): void;
  onCancel(): void;
}

export function Confirm({ question, onYes, onCancel }: ConfirmProps): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.queue;
  const { label, many, steps } = question;
  const yes = useRef<HTMLButtonElement>(null);
  // Before the next key is read: who presses two keys fast means the second for this.
  useLayoutEffect(() => yes.current?.focus(), [question]);
  const asked = many ? words.confirmMany[label](format.integer(steps.length), steps.length === 1) : words.confirm[label];
  return (
    <div
      class={`confirm ${label}`}
      role="group"
      aria-labelledby="confirm"
      aria-describedby="confirm-text"
      // A key that is held asked; it does not answer too.
      onKeyDown={(event) => event.repeat && event.preventDefault()}
    >
      <p>
        <b id="confirm">{asked}</b> <span id="confirm-text">{words.confirmText}</span>
      </p>
      <button type="button" class="main" ref={yes} onClick={onYes}>
        {words.confirmDo[label]}
      </button>
      <button type="button" onClick={onCancel}>
        {words.cancel}
      </button>
    </div>
  );
}
