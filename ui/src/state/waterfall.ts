// A score as the sum of what moved it, in log-odds: where each reason's bar begins and ends.

/** Scores are kept this far from 0 and 1, where log-odds have no end. */
const EDGE = 1e-9;

export interface Fall {
  /** In log-odds. */
  readonly contribution: number;
  /** Where the bar lies, 0 to 1 of the whole width. */
  readonly left: number;
  readonly width: number;
}

export interface Waterfall {
  /** All that the given contributions do not say, then each of them in turn. */
  readonly falls: readonly Fall[];
  /** Where the log-odds are 0, the score one half; 0 to 1 of the whole width. */
  readonly zero: number;
}

export function waterfall(score: number, contributions: readonly number[]): Waterfall {
  const p = Math.min(1 - EDGE, Math.max(EDGE, score));
  const total = Math.log(p / (1 - p));
  const rest = total - contributions.reduce((sum, value) => sum + value, 0);
  const steps = [rest, ...contributions];
  const ends: number[] = [];
  steps.reduce((sum, value) => (ends.push(sum + value), sum + value), 0);
  const least = Math.min(0, ...ends);
  const span = Math.max(0, ...ends) - least || 1;
  const falls = steps.map((contribution, i) => {
    const [from, to] = [ends[i - 1] ?? 0, ends[i] ?? 0];
    return {
      contribution,
      left: (Math.min(from, to) - least) / span,
      width: Math.abs(to - from) / span,
    };
  });
  return { falls, zero: -least / span };
}
