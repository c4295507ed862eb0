// The part of the graph that a page shows: it grows by each answer, up to a limit.

import type { GraphPath, Pair, Vertex } from '../api/graph';

export const VERTICES_MAX = 200;

export interface Neighbourhood {
  readonly vertices: readonly Vertex[];
  readonly pairs: readonly Pair[];
}

export const nothing: Neighbourhood = { vertices: [], pairs: [] };

/** Both together, each vertex and pair once, as the later answer has it. Past the limit, new vertices are left out. */
export function merge(held: Neighbourhood, answer: Neighbourhood): Neighbourhood {
  const vertices = new Map(held.vertices.map((vertex) => [vertex.id, vertex]));
  for (const vertex of answer.vertices) {
    if (vertices.has(vertex.id) || vertices.size < VERTICES_MAX) vertices.set(vertex.id, vertex);
  }
  const pairs = new Map(
    [...held.pairs, ...answer.pairs].map((pair) => [pairId(pair), pair]),
  );
  const both = (pair: Pair): boolean => vertices.has(pair.card) && vertices.has(pair.merchant);
  return { vertices: [...vertices.values()], pairs: [...pairs.values()].filter(both) };
}

/** What the paths run along: the ids of vertices, and of pairs as `pairId` has them. */
export interface Lit {
  readonly vertices: ReadonlySet<string>;
  readonly pairs: ReadonlySet<string>;
}

export function pairId(pair: Pair): string {
  return `${pair.card} ${pair.merchant}`;
}

export function lightUp(paths: readonly GraphPath[]): Lit {
  return {
    vertices: new Set(paths.flatMap((path) => path.vertices)),
    pairs: new Set(paths.flatMap((path) => path.pairs.map(pairId))),
  };
}
