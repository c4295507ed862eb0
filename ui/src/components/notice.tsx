// A line at the top of a page that says how things stand, and the states of what was asked for.

import type { ComponentChildren, JSX } from 'preact';

import { isAbsent, type Resource } from '../api/resource';
import { useLocale } from '../context';

interface NoticeProps {
  readonly kind: string;
  readonly children: ComponentChildren;
}

export function Notice({ kind, children }: NoticeProps): JSX.Element {
  return (
    <div class={`notice ${kind}`} role="status">
      {children}
    </div>
  );
}

interface ResourceNoticeProps {
  readonly of: Resource<unknown>;
  /** Said of a 404. */
  readonly absent: string;
}

/** Nothing once the answer is there; of an answer that is old because a newer failed, that too. */
export function ResourceNotice({ of, absent }: ResourceNoticeProps): JSX.Element | null {
  const { texts } = useLocale();
  if (isAbsent(of.error)) return <Notice kind="absent">{absent}</Notice>;
  if (of.error) {
    return (
      <Notice kind="lost">
        {of.data === null ? texts.askFailed : texts.askFailedAgain}{' '}
        <span class="quiet">{of.error.message}</span>
      </Notice>
    );
  }
  return of.data === null ? <Notice kind="connecting">{texts.asking}</Notice> : null;
}
