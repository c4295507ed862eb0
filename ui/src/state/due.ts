// When a question is asked again of which the answer changes with every event: soon after something
// has changed, never while nothing has, and the less often the longer the answer takes.

/** After an answer at least this long. */
export const REST_MS = 2_000;
/** And so many times what it took: a page asks for at most this part of the service's time. */
export const REST_SHARE = 20;

export interface Asked {
  /** What was known when it was asked: of transactions, labels and what else it goes by. */
  readonly of: string;
  /** Milliseconds. */
  readonly began: number;
  readonly ended: number;
}

export function isDue(asked: Asked | null, of: string, now: number): boolean {
  if (asked === null) return true;
  const rest = Math.max(REST_MS, REST_SHARE * (asked.ended - asked.began));
  return asked.of !== of && now - asked.ended >= rest;
}
