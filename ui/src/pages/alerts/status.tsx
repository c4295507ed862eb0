// A case's status as a small mark: a word and a shape, so that colour is never alone.

import type { JSX } from 'preact';

import type { CaseStatus } from '../../api/types';
import { useLocale } from '../../context';

const SHAPES: Readonly<Record<CaseStatus, JSX.Element>> = {
  open: <circle cx="8" cy="8" r="5" />,
  in_review: (
    <>
      <circle cx="8" cy="8" r="5" />
      <path d="M8 3a5 5 0 0 1 0 10z" class="filled" />
    </>
  ),
  fraud: (
    <>
      <circle cx="8" cy="8" r="6" class="filled" />
      <path d="M8 4.8v4M8 11v.3" class="inner" />
    </>
  ),
  not_fraud: (
    <>
      <circle cx="8" cy="8" r="6" class="filled" />
      <path d="M5.300 8.300l2 2 3.500-4" class="inner" />
    </>
  ),
};

export function StatusShape({ status }: { readonly status: CaseStatus }): JSX.Element {
  return (
    <svg viewBox="0 0 16 16" class="status-shape" aria-hidden="true">
      {SHAPES[status]}
    </svg>
  );
}

export function StatusMark({ status }: { readonly status: CaseStatus }): JSX.Element {
  const { texts } = useLocale();
  return (
    <span class={`status ${status}`}>
      <StatusShape status={status} />
      {texts.queue.status[status]}
    </span>
  );
}
