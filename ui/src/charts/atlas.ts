// The United States of us-atlas, a TopoJSON file: lines that neighbours share are in it once, as arcs, each
// point as the difference from the one before, in steps of a grid.

import topology from 'us-atlas/states-albers-10m.json';

import type { Point } from './projection';

type Rings = readonly (readonly number[])[];

interface Topology {
  readonly transform: { readonly scale: readonly number[]; readonly translate: readonly number[] };
  readonly arcs: readonly (readonly (readonly number[])[])[];
  readonly objects: {
    readonly states: {
      readonly geometries: readonly {
        readonly id: string;
        readonly type: string;
        readonly properties: { readonly name: string };
        readonly arcs: readonly unknown[];
      }[];
    };
  };
}

interface State {
  /** Its number in the Census Bureau's list (FIPS). */
  readonly id: string;
  readonly name: string;
  readonly rings: readonly (readonly Point[])[];
}

interface Atlas {
  readonly states: readonly State[];
  /** Every border and coast once, as the data of an SVG path. */
  readonly lines: string;
  /** The land, to be filled. */
  readonly land: string;
}

function decodeArcs({ arcs, transform }: Topology): Point[][] {
  const [[kx = 1, ky = 1], [dx = 0, dy = 0]] = [transform.scale, transform.translate];
  return arcs.map((arc) => {
    let [x, y] = [0, 0];
    return arc.map(([stepX = 0, stepY = 0]): Point => {
      x += stepX;
      y += stepY;
      return [x * kx + dx, y * ky + dy];
    });
  });
}

/** The points of a ring; the number of an arc that is gone through backwards is its complement. */
function ringPoints(ring: readonly number[], arcs: readonly Point[][]): Point[] {
  return ring.flatMap((number) => {
    const arc = arcs[number < 0 ? ~number : number] ?? [];
    return number < 0 ? [...arc].reverse() : arc;
  });
}

function pathData(points: readonly Point[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)},${y.toFixed(1)}`).join('');
}

function decode(): Atlas {
  const from = topology as unknown as Topology;
  const arcs = decodeArcs(from);
  const used = new Set<number>();
  const states = from.objects.states.geometries.map(({ id, type, properties, arcs: shape }) => {
    const polygons = (type === 'Polygon' ? [shape] : shape) as readonly Rings[];
    for (const number of polygons.flat(2)) used.add(number < 0 ? ~number : number);
    const rings = polygons.flat().map((ring) => ringPoints(ring, arcs));
    return { id, name: properties.name, rings };
  });
  return {
    states,
    lines: [...used].map((number) => pathData(arcs[number] ?? [])).join(''),
    land: states.flatMap(({ rings }) => rings.map((ring) => `${pathData(ring)}Z`)).join(''),
  };
}

let decoded: Atlas | null = null;

/** Decoded when first asked for. */
export function atlas(): Atlas {
  return (decoded ??= decode());
}

function isInside([x, y]: Point, ring: readonly Point[]): boolean {
  let inside = false;
  let [fromX, fromY] = ring[ring.length - 1] ?? [0, 0];
  for (const [toX, toY] of ring) {
    if (fromY > y !== toY > y && x < ((fromX - toX) * (y - toY)) / (fromY - toY) + toX) inside = !inside;
    [fromX, fromY] = [toX, toY];
  }
  return inside;
}

/** The state that a point of the map lies in; null outside of all. */
export function stateAt(point: Point): { readonly id: string; readonly name: string } | null {
  const found = atlas().states.find(({ rings }) => rings.filter((ring) => isInside(point, ring)).length % 2 === 1);
  return found ?? null;
}
