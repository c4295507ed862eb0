// A line at the top of a page that says how things stand, and the states of what was asked for.

import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { isAbsent, isBusy, type Resource } from '../api/resource';
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
      <Notice kind="connecting">
        {texts.slow} <span class="quiet">{of.error?.message}</span>
      </Notice>
    );
  }
  if (of.error) {
    return (
      <Notice kind="lost">
        {of.data === null ? texts.askFailed : texts.askFailedAgain}{' '}
        <span class="quiet">{of.error.message}</span>
      </Notice>
    );
  }
  return of.data === null ? <Waiting /> : null;
}
