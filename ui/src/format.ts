// Numbers, amounts, times and durations as people of a language write them.

import type { Language } from './i18n';

export interface Format {
  /** 1234567 → "1,234,567" */
  integer(value: number): string;
  /** A rate: one decimal below 100, none above. */
  rate(value: number): string;
  /** A transaction's amount. The service knows no currency, so none is claimed. */
  amount(value: number): string;
  /** A large amount, shortened: 1234567 → "1.23M" */
  compactAmount(value: number): string;
  /** A place on the globe, to half a degree: "40.5° N, 74.5° W" */
  place(lat: number, long: number): string;
  /** Kilometres. */
  distance(kilometres: number): string;
  /** A score, with three decimals; never "0.000" or "1.000" for what is not quite. */
  score(value: number): string;
  /** Any other number, to three significant digits. */
  number(value: number): string;
  /** A number close to 1, with the digits that tell it from its like. */
  precise(value: number): string;
  /** A difference: to three significant digits, with its sign. */
  signed(value: number): string;
  /** A day with its year, UTC. */
  day(iso: string): string;
  /** A size, in the unit of 1,000 bytes that reads best. */
  bytes(value: number): string;
  /** 348592 → "349K" */
  compact(value: number): string;
  /** 0.0123 → "1.23%" */
  percent(ratio: number): string;
  /** A share that is known roughly: 0.0123 → "1.2%", 0.25 → "25%" */
  share(ratio: number): string;
  /** A transaction's date and time in full, UTC. */
  dateTime(iso: string): string;
  /** Microseconds, in the unit that reads best. */
  latency(microseconds: number): string;
  /** Seconds, in its two largest units. */
  duration(seconds: number): string;
  /** A transaction's day and month, UTC. */
  date(iso: string): string;
  /** A transaction's time of day, UTC. */
  time(iso: string): string;
  /** Hours, minutes and seconds on the browser's clock. */
  clock(milliseconds: number): string;
}

const UNITS: readonly (readonly ['day' | 'hour' | 'minute' | 'second', number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

const ROUGH_DIGITS = 2;

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

export function makeFormat(language: Language): Format {
  const numberFormat = (options: Intl.NumberFormatOptions): Intl.NumberFormat =>
    new Intl.NumberFormat(language, options);
  const integer = numberFormat({ maximumFractionDigits: 0 });
  const oneDecimal = numberFormat({ maximumFractionDigits: 1 });
  const amount = numberFormat({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const score = numberFormat({ minimumFractionDigits: 3, maximumFractionDigits: 3 });
  const significant = numberFormat({ maximumSignificantDigits: 3 });
  const precise = numberFormat({ minimumFractionDigits: 3, maximumFractionDigits: 5 });
  const signed = numberFormat({ maximumSignificantDigits: 3, signDisplay: 'exceptZero' });
  const compact = numberFormat({ notation: 'compact', maximumSignificantDigits: 3 });
  const percent = numberFormat({
    style: 'percent',
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  });
  const roughly = numberFormat({ style: 'percent', maximumSignificantDigits: ROUGH_DIGITS });
  const units = new Map(
    UNITS.map(([unit]) => [unit, numberFormat({ style: 'unit', unit, unitDisplay: 'short' })]),
  );
  const time: Intl.DateTimeFormatOptions = {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  };
  const utcTime = new Intl.DateTimeFormat(language, { ...time, timeZone: 'UTC' });
  const utcDate = new Intl.DateTimeFormat(language, {
    month: 'short',
    day: 'numeric',
    timeZone: 'UTC',
  });
  const utcDay = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' });
  const utcDateTime = new Intl.DateTimeFormat(language, {
    ...time,
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    timeZone: 'UTC',
    timeZoneName: 'short',
  });
  const localTime = new Intl.DateTimeFormat(language, time);

  return {
    integer: (value) => integer.format(value),
    rate: (value) => (value < 100 ? oneDecimal : integer).format(value),
    amount: (value) => amount.format(value),
    compactAmount: (value) => (Math.abs(value) < 1000 ? amount : compact).format(value),
    place: (lat, long) =>
      `${oneDecimal.format(Math.abs(lat))}° ${lat < 0 ? 'S' : 'N'}, ` +
      `${oneDecimal.format(Math.abs(long))}° ${long < 0 ? 'W' : 'E'}`,
    distance: (kilometres) =>
      `${(kilometres < 10 ? oneDecimal : integer).format(kilometres)} km`,
    score: (value) => {
      if (value > 0 && value < 0.001) return `<${score.format(0.001)}`;
      if (value > 0.999 && value < 1) return `>${score.format(0.999)}`;
      return score.format(value);
    },
    number: (value) => (Math.abs(value) >= 1000 ? integer : significant).format(value),
    precise: (value) => precise.format(value),
    signed: (value) => signed.format(value),
    day: (iso) => inUtc(utcDay, iso),
    bytes: (value) => {
      const step = BYTE_UNITS.findIndex((_, i) => value < 1000 ** (i + 1));
      const unit = step < 0 ? BYTE_UNITS.length - 1 : step;
      return `${significant.format(value / 1000 ** unit)} ${BYTE_UNITS[unit]}`;
    },
    compact: (value) => compact.format(value),
    percent: (ratio) => percent.format(ratio),
    share: (ratio) => roughly.format(ratio),
    latency: (microseconds) => {
      if (microseconds < 1_000) return `${significant.format(microseconds)} µs`;
      if (microseconds < 1_000_000) return `${significant.format(microseconds / 1_000)} ms`;
      return `${significant.format(microseconds / 1_000_000)} s`;
    },
    duration: (seconds) => {
      const whole = Math.max(0, Math.floor(seconds));
      const first = UNITS.findIndex(([, size]) => whole >= size);
      const from = first < 0 ? UNITS.length - 1 : first;
      let rest = whole;
      const parts: string[] = [];
      for (const [unit, size] of UNITS.slice(from, from + 2)) {
        const count = Math.floor(rest / size);
        rest -= count * size;
        if (count > 0 || parts.length === 0) parts.push(units.get(unit)!.format(count));
      }
      return parts.join(' ');
    },
    date: (iso) => inUtc(utcDate, iso),
    dateTime: (iso) => inUtc(utcDateTime, iso),
    time: (iso) => inUtc(utcTime, iso),
    clock: (milliseconds) => localTime.format(new Date(milliseconds)),
  };
}

function inUtc(format: Intl.DateTimeFormat, iso: string): string {
  const when = new Date(iso);
  return Number.isNaN(when.getTime()) ? iso : format.format(when);
}

/** The last digits of a masked card number: "************1234" → "1234". */
export function cardDigits(masked: string): string {
  return masked.replace(/[^0-9]/g, '').slice(-4);
}

/** "grocery_pos" → "grocery pos": how a name of the data is shown when no text stands for it. */
export function plainName(name: string): string {
  return name.replace(/_/g, ' ').trim();
}

/** The published data prefixes every merchant, of fraud or not, with "fraud_": that says nothing. */
export function merchantName(name: string): string {
  return name.replace(/^fraud_/, '');
}

/** A card's number in groups of four, as it stands on the card. */
export function groupDigits(card: string): string {
  return card.replace(/(.{4})(?=.)/g, '$1 ');
}
