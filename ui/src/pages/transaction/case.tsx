// Where the alert of a transaction stands, and the way to it.

import type { JSX } from 'preact';

import type { Case } from '../../api/card';
import { useResource } from '../../api/resource';
import { useLocale } from '../../context';

interface CaseLineProps {
  readonly number: string;
  /** Another text: it may have changed. */
  readonly asked: string;
}

export function CaseLine({ number, asked }: CaseLineProps): JSX.Element {
  const { texts } = useLocale();
  const words = texts.transaction;
  const path = `/v1/alerts/${encodeURIComponent(number)}`;
  const { data } = useResource<Case>(path, asked);
  return (
    <>
      {data && <span class={`case ${data.status}`}>{words.statuses[data.status]}</span>}{' '}
      {data && <span class="quiet">{data.assignee ?? words.nobody}</span>}{' '}
      <a href={`#/alerts/${encodeURIComponent(number)}`}>{words.openAlert}</a>
    </>
  );
}
