// A decision and a label as small marks: a word and a shape, so that colour is never alone.

import type { JSX } from 'preact';

import type { Decision } from '../api/types';
import { useLocale } from '../context';

const SHAPES: Readonly<Record<Decision, string>> = {
  approve: 'M3 8.500l3.200 3L13 4.500',
  review: 'M8 3v6.200M8 12.300v.4',
  decline: 'M4 4l8 8M12 4l-8 8',
};

export function DecisionMark({ decision }: { readonly decision: Decision }): JSX.Element {
  const { texts } = useLocale();
  return (
    <span class={`mark ${decision}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[decision]} />
      </svg>
      {texts.decision[decision]}
    </span>
  );
}

export function ActualMark({ isFraud }: { readonly isFraud: boolean | null }): JSX.Element {
  const { texts } = useLocale();
  if (isFraud === null) {
    return (
      <span class="unlabelled" title={texts.actual.unknown}>
        <span aria-hidden="true">–</span>
        <span class="hidden">{texts.actual.unknown}</span>
      </span>
    );
  }
  return (
    <span class={isFraud ? 'actual fraud' : 'actual genuine'}>
      {isFraud ? texts.actual.fraud : texts.actual.genuine}
    </span>
  );
}
