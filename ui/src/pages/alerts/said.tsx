// What came of what was done last, in elements that always stand: what appears together with its text is
// often not said by a screen reader.

import type { JSX } from 'preact';

import { useLocale } from '../../context';
import type { Step } from '../../state/decision';

export interface Said {
  /** The alert that it is said beside; null above the list. */
  readonly of: string | null;
  readonly kind: 'done' | 'conflict' | 'failed';
  readonly text: string;
  /** What can be taken back, or tried again to be; none where nothing can. */
  readonly undo: readonly Step[];
}

interface OutcomeProps {
  readonly said: Said | null;
  onUndo(steps: readonly Step[]): void;
}

export function OutcomeLines({ said, onUndo }: OutcomeProps): JSX.Element {
  const words = useLocale().texts.queue;
  const good = said?.kind === 'done';
  const text = said && (
    <>
      <span>{said.text}</span>{' '}
      {said.undo.length > 0 && (
        <button type="button" class="plain" aria-keyshortcuts="z" onClick={() => onUndo(said.undo)}>
          {words.undo}
        </button>
      )}
    </>
  );
  return (
    <>
      <p role="status" class="done">
        {good && text}
      </p>
      <p role="alert" class={said && !good ? `bad ${said.kind}` : ''}>
        {!good && text}
      </p>
    </>
  );
}
