// What a map of places needs: each cell's outline on the plane, how strongly it is coloured, and what it comes to by state.

import type { Place } from '../api/board';
import { stateAt } from '../charts/atlas';
import { project, type Point } from '../charts/projection';

export const MEASURES = ['frauds', 'alerts', 'transactions'] as const;
export type Measure = (typeof MEASURES)[number];

export interface Cell {
  readonly place: Place;
  readonly count: number;
  /** 0 to 1, by the logarithm: one fraud can be seen beside a thousand. */
  readonly strength: number;
  /** Its four corners. */
  readonly corners: readonly Point[];
}

const HALF = 0.5;

function corners({ lat, long }: Place): Point[] {
  return [
    project(lat + HALF, long - HALF),
    project(lat + HALF, long + HALF),
    project(lat - HALF, long + HALF),
    project(lat - HALF, long - HALF),
  ];
}

/** Those that hold any, the weakest first, so that the strongest is drawn over its neighbours. */
export function cells(places: readonly Place[], measure: Measure): Cell[] {
  const held = places.filter((place) => place[measure] > 0);
  const most = held.reduce((max, place) => Math.max(max, place[measure]), 1);
  return held
    .map((place) => ({
      place,
      count: place[measure],
      strength: Math.log(1 + place[measure]) / Math.log(1 + most),
      corners: corners(place),
    }))
    .sort((a, b) => a.count - b.count);
}

export interface StateCount {
  readonly state: { readonly id: string; readonly name: string } | null;
  readonly count: number;
}

/** By state, the most first; what lies in none (at sea, abroad) together under null. */
export function byState(places: readonly Place[], measure: Measure): StateCount[] {
  const counts = new Map<string, StateCount>();
  for (const place of places) {
    if (place[measure] === 0) continue;
    const state = stateAt(project(place.lat, place.long));
    const key = state?.id ?? '';
    counts.set(key, { state, count: (counts.get(key)?.count ?? 0) + place[measure] });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}
