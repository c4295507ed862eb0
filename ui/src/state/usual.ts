// How a transaction compares with what its card did before.

import type { CardTransaction } from '../api/card';

/** From fewer than so many earlier ones nothing is called usual. */
export const LEAST = 3;

/** A value and what is usual of it: the middle, and between which the middle four fifths lie. */
export interface Compared {
  readonly value: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface Usual {
  /** From how many earlier transactions. */
  readonly of: number;
  readonly amount: Compared;
  /** Seconds since the one before. */
  readonly gap: Compared | null;
  /** Kilometres from the card holder's home to the merchant. */
  readonly distance: Compared | null;
  /** Kilometres an hour that a way from the merchant before would have taken. */
  readonly speed: number | null;
  /** How many of the earlier ones were in the category, at the merchant, and within two hours of this time of day. */
  readonly category: number;
  readonly merchant: number;
  readonly hour: number;
}

const HOURS_NEAR = 2;
const EARTH_KM = 6371;

function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}

function compare(value: number | null, usual: readonly (number | null)[]): Compared | null {
  const known = usual.filter((other): other is number => other !== null).sort((a, b) => a - b);
  if (value === null || known.length < LEAST) return null;
  const [low, median, high] = [0.1, 0.5, 0.9].map((share) => quantile(known, share));
  return { value, low: low!, median: median!, high: high! };
}

/** The way along the surface of the globe (haversine formula). */
export function kilometres(fromLat: number, fromLong: number, toLat: number, toLong: number): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const square = (x: number): number => Math.sin(x / 2) ** 2;
  const a =
    square(radians(toLat - fromLat)) +
    Math.cos(radians(fromLat)) * Math.cos(radians(toLat)) * square(radians(toLong - fromLong));
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(a)));
}

function fromHome(row: CardTransaction): number | null {
  const { lat, long, merch_lat, merch_long } = row;
  if (lat === null || long === null || merch_lat === null || merch_long === null) return null;
  return kilometres(lat, long, merch_lat, merch_long);
}

function seconds(row: CardTransaction): number {
  return Date.parse(row.time) / 1000;
}

function hourDistance(a: CardTransaction, b: CardTransaction): number {
  const hour = (row: CardTransaction): number => (seconds(row) / 3600) % 24;
  const apart = Math.abs(hour(a) - hour(b));
  return Math.min(apart, 24 - apart);
}

function speedFrom(before: CardTransaction | undefined, row: CardTransaction): number | null {
  if (!before || before.merch_lat === null || before.merch_long === null) return null;
  if (row.merch_lat === null || row.merch_long === null) return null;
  const hours = (seconds(row) - seconds(before)) / 3600;
  const way = kilometres(before.merch_lat, before.merch_long, row.merch_lat, row.merch_long);
  return hours > 0 ? way / hours : null;
}

/** Of `number` among its card's transactions, latest first; null where too little came before it. */
export function usualOf(history: readonly CardTransaction[], number: string): Usual | null {
  const at = history.findIndex((row) => row.trans_num === number);
  const row = history[at];
  if (!row) return null;
  const before = history.slice(at + 1);
  const amount = compare(row.amount, before.map((other) => other.amount));
  if (!amount) return null;
  const times = history.slice(at).map(seconds);
  const gaps = times.slice(1).map((time, i) => (times[i] ?? time) - time);
  const count = (is: (other: CardTransaction) => boolean): number => before.filter(is).length;
  return {
    of: before.length,
    amount,
    gap: compare(gaps[0] ?? null, gaps.slice(1)),
    distance: compare(fromHome(row), before.map(fromHome)),
    speed: speedFrom(before[0], row),
    category: count((other) => other.category === row.category),
    merchant: count((other) => other.merchant === row.merchant),
    hour: count((other) => hourDistance(other, row) <= HOURS_NEAR),
  };
}

/** Whether a value lies out of what is usual: above (1), below (-1), or not (0). */
export function outside({ value, low, high }: Compared): -1 | 0 | 1 {
  return value > high ? 1 : value < low ? -1 : 0;
}
