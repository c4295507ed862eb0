// A run's state as a small mark: a word and a shape, so that colour is never alone.

import type { JSX } from 'preact';

import type { RunState } from '../../api/pipelines';
import { useLocale } from '../../context';

const SHAPES: Readonly<Record<RunState, JSX.Element>> = {
  waiting: <circle cx="8" cy="8" r="5" class="dashed" />,
  running: <path d="M8 3a5 5 0 1 1-5 5" class="turning" />,
  succeeded: <path d="M3 8.500l3.200 3L13 4.500" />,
  failed: <path d="M4 4l8 8M12 4l-8 8" />,
  cancelled: <path d="M4.500 4.500h7v7h-7z" class="filled" />,
  interrupted: <path d="M9.500 2L5 9h3.200L7 14l4.500-7H8.200z" class="filled" />,
};

export function StateShape({ state }: { readonly state: RunState }): JSX.Element {
  return (
    <svg viewBox="0 0 16 16" class={`run-shape ${state}`} aria-hidden="true">
      {SHAPES[state]}
    </svg>
  );
}

export function StateMark({ state }: { readonly state: RunState }): JSX.Element {
  const { texts } = useLocale();
  return (
    <span class={`run-state ${state}`}>
      <StateShape state={state} />
      {texts.pipelines.states[state]}
    </span>
  );
}
