// A number that is looked at often: its name, the number, and what puts it in place.

import type { ComponentChildren, JSX } from 'preact';

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly note?: ComponentChildren;
  readonly kind?: string;
}

/** One figure; it stands in a <dl class="figures">. */
export function Figure({ name, value, note, kind }: FigureProps): JSX.Element {
  return (
    <div class={`figure ${kind ?? ''}`}>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        <small>{note}</small>
      </dd>
    </div>
  );
}
