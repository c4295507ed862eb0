// How the time line of a card is labelled, by how long it is. Pure.

const DAY_MS = 86_400_000;
/** Over less than this the days alone would all be the same. */
const SHORT_MS = 3 * DAY_MS;

export interface TimeAxis {
  /** A label has the time of day under the day. */
  readonly withTime: boolean;
  /** Between two labels, in milliseconds: those that are days alone stand once for each. */
  readonly leastMs: number;
}

export function timeAxis(times: readonly number[]): TimeAxis {
  const withTime = times.length === 0 || Math.max(...times) - Math.min(...times) < SHORT_MS;
  return { withTime, leastMs: withTime ? 0 : DAY_MS };
}
