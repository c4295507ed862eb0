// A line at the top of a page that says how things stand, and the states of what was asked for.

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { isAbsent, isBusy, type Resource } from '../api/resource';
import { useLocale } from '../context';
import { problemOf } from '../problem';

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

/** Why there is no answer, and where it helps the service's own words. */
export function FailureNotice({ error }: { readonly error: Error }): JSX.Element {
  const { text, detail } = problemOf(error, useLocale().texts);
  return (
    <Notice kind="lost">
      {text} {detail !== null && <span class="quiet">{detail}</span>}
    </Notice>
  );
}

/** An answer that comes within this is not announced: a notice that flickers says nothing. */
const SOON_MS = 300;
const SLOW_MS = 5_000;

/** While an answer is on its way: that it is, and later that it takes long. */
function Waiting(): JSX.Element | null {
  const { texts } = useLocale();
  const [waited, setWaited] = useState(0);
  useEffect(() => {
    const timers = [SOON_MS, SLOW_MS].map((ms) => setTimeout(() => setWaited(ms), ms));
    return () => timers.forEach(clearTimeout);
  }, []);
  if (waited === 0) return null;
  return <Notice kind="connecting">{waited < SLOW_MS ? texts.asking : texts.slow}</Notice>;
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
  if (of.data === null && isBusy(of.error)) {
    return (
      <Notice kind="connecting">{texts.slow}</Notice>
    );
  }
  if (of.error) {
    return of.data === null ? (
      <FailureNotice error={of.error} />
    ) : (
      <Notice kind="lost">{texts.askFailedAgain}</Notice>
    );
  }
  return of.data === null ? <Waiting /> : null;
}
