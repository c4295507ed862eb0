// Where the vertices of a small graph are drawn: neighbours near each other, all others apart (Fruchterman
// and Reingold, "Graph drawing by force-directed placement", 1991). Pure: the same graph always gets the
// same picture, and whoever draws it knows its edges and can fit it in.

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Pairs of vertices that are looked at, over all rounds: a large graph gets fewer of these. */
const LOOKS_MAX = 8_000_000;
const ROUNDS_MAX = 300;
/** Keeps parts that hang together by nothing in one picture. */
const GRAVITY = 0.06;
/** The angle by which a sunflower's seeds lie apart: a start without two in one place. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/** The places of `count` vertices; the distance of two neighbours is about 1. */
export function layOut(count: number, pairs: readonly (readonly [number, number])[]): readonly Point[] {
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    x[i] = Math.sqrt(i + 0.5) * Math.cos(i * GOLDEN_ANGLE);
    y[i] = Math.sqrt(i + 0.5) * Math.sin(i * GOLDEN_ANGLE);
  }
  const rounds = Math.min(ROUNDS_MAX, Math.ceil(LOOKS_MAX / Math.max(1, count * count)));
  for (let round = 0; round < rounds; round++) {
    const step = 0.3 * Math.sqrt(count) * (1 - round / rounds);
    const moveX = x.map((at) => -GRAVITY * at);
    const moveY = y.map((at) => -GRAVITY * at);
    const push = (i: number, j: number, by: (distance: number) => number): void => {
      const [dx, dy] = [x[i]! - x[j]!, y[i]! - y[j]!];
      const distance = Math.max(1e-3, Math.hypot(dx, dy));
      const force = by(distance) / distance;
      moveX[i]! += dx * force;
      moveY[i]! += dy * force;
      moveX[j]! -= dx * force;
      moveY[j]! -= dy * force;
    };
    for (let i = 0; i < count; i++) for (let j = 0; j < i; j++) push(i, j, (distance) => 1 / distance);
    for (const [i, j] of pairs) push(i, j, (distance) => -distance * distance);
    for (let i = 0; i < count; i++) {
      const length = Math.max(1e-9, Math.hypot(moveX[i]!, moveY[i]!));
      const part = Math.min(length, step) / length;
      x[i]! += moveX[i]! * part;
      y[i]! += moveY[i]! * part;
    }
  }
  return Array.from({ length: count }, (_, i) => ({ x: x[i]!, y: y[i]! }));
}
