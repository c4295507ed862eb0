// Where the dots of a beeswarm lie: those of about the same value beside each other, so that how
// many there are is seen as how wide the swarm is.

/** Steps of one dot's width over the range of the values. */
const STEPS = 120;
/** A swarm is at most this high, of a row's height of 1. */
const HEIGHT = 0.8;

/** For each value, how far its dot lies from the row's middle, between -0.4 and 0.4. */
export function beeswarm(values: readonly number[], least: number, most: number): number[] {
  const width = most > least ? (most - least) / STEPS : 1;
  const counts = new Map<number, number>();
  const places = values.map((value) => {
    const bin = Math.floor((value - least) / width);
    const place = counts.get(bin) ?? 0;
    counts.set(bin, place + 1);
    // 0, 1, -1, 2, -2: outwards from the middle.
    return place % 2 === 1 ? (place + 1) / 2 : 0 - place / 2;
  });
  const furthest = Math.max(1, ...places.map(Math.abs));
  const unit = Math.min(0.06, HEIGHT / 2 / furthest);
  return places.map((place) => place * unit);
}

/** For each value the share of the others that are below it, 0 to 1; null of what is missing. */
export function ranks(values: readonly (number | null)[]): (number | null)[] {
  const known = values.filter((value): value is number => value !== null).sort((a, b) => a - b);
  const first = new Map<number, number>();
  known.forEach((value, i) => {
    if (!first.has(value)) first.set(value, i);
  });
  const most = Math.max(1, ...first.values());
  return values.map((value) => (value === null ? null : (first.get(value) ?? 0) / most));
}
