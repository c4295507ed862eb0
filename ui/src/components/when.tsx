// A time at which somebody did something: how long ago, kept up to date, and in full for who points at it.

import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';

import { useLocale } from '../context';
import { makeMoment, type Moment } from '../moment';

export function useMoment(): Moment {
  const { language } = useLocale();
  return useMemo(() => makeMoment(language), [language]);
}

/** The browser's clock, read again every so often. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    setNow(Date.now());
    if (everyMs <= 0) return;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function When({ iso }: { readonly iso: string }): JSX.Element {
  const moment = useMoment();
  const now = useNow(20_000);
  return (
    <time dateTime={iso} title={moment.full(iso)}>
      {moment.relative(iso, now)}
    </time>
  );
}
