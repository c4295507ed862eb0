// When people did something, on the browser's own clock: how long ago, and the time in full. What a
// transaction's own time is, format.ts says, in UTC.

import { makeFormat } from './format';
import type { Language } from './i18n';

export interface Moment {
  /** "3 min ago", "in 2 hr"; "now" of what is less than a minute away. */
  relative(iso: string, now: number): string;
  /** Date and time with the zone's name. */
  full(iso: string): string;
  /** Date and time, for a column that names the zone once. */
  short(iso: string): string;
  /** How long something took: "0.4 sec", "12 sec", "1 min 4 sec". */
  took(seconds: number): string;
  /** The name of the browser's zone. */
  zone(): string;
}

const STEPS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** Seconds: what took longer is told without tenths. */
const TENTHS_UP_TO = 10;

export function makeMoment(language: Language): Moment {
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const clock: Intl.DateTimeFormatOptions = {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  };
  const day: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'short', day: 'numeric' };
  const full = new Intl.DateTimeFormat(language, { ...day, ...clock, timeZoneName: 'short' });
  const short = new Intl.DateTimeFormat(language, { ...day, ...clock });
  const of = (format: Intl.DateTimeFormat, iso: string): string => {
    const when = new Date(iso);
    return Number.isNaN(when.getTime()) ? iso : format.format(when);
  };
  const tenths = new Intl.NumberFormat(language, {
    style: 'unit',
    unit: 'second',
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  });
  const { duration } = makeFormat(language);
  return {
    took: (seconds) => (seconds < TENTHS_UP_TO ? tenths.format(Math.max(0, seconds)) : duration(seconds)),
    relative: (iso, now) => {
      const seconds = (new Date(iso).getTime() - now) / 1000;
      if (Number.isNaN(seconds)) return iso;
      const step = STEPS.find(([, size]) => Math.abs(seconds) >= size);
      return step ? relative.format(Math.trunc(seconds / step[1]), step[0]) : relative.format(0, 'second');
    },
    full: (iso) => of(full, iso),
    short: (iso) => of(short, iso),
    zone: () =>
      new Intl.DateTimeFormat(language, { timeZoneName: 'short' })
        .formatToParts(new Date())
        .find((part) => part.type === 'timeZoneName')?.value ?? '',
  };
}
