// Counts of scores in equal parts of 0 to 1.

export const BINS = 40;

export function histogram(scores: readonly number[]): readonly number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (const score of scores) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
