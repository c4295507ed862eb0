// From places on the globe to the plane of us-atlas: Albers' equal-area conic projection, with Alaska and Hawaii moved below the others.
// Formulas: Snyder 1987, Map Projections, pages 98 to 103; the parameters are those that us-atlas was made with (d3-geo's geoAlbersUsa).

export const WIDTH = 975;
export const HEIGHT = 610;

export type Point = readonly [x: number, y: number];

const RADIANS = Math.PI / 180;

interface Cone {
  readonly parallels: readonly [number, number];
  /** The meridian in the middle. */
  readonly middle: number;
  /** What lies at `at`: degrees from the middle meridian, and of latitude. */
  readonly centre: readonly [number, number];
  readonly scale: number;
  readonly at: Point;
}

const SCALE = 1300;
const X = 487.5;
const Y = 305;

const LOWER_48: Cone = {
  parallels: [29.5, 45.5],
  middle: -96,
  centre: [-0.6, 38.7],
  scale: SCALE,
  at: [X, Y],
};
const ALASKA: Cone = {
  parallels: [55, 65],
  middle: -154,
  centre: [-2, 58.5],
  scale: SCALE * 0.35,
  at: [X - 0.307 * SCALE, Y + 0.201 * SCALE],
};
const HAWAII: Cone = {
  parallels: [8, 18],
  middle: -157,
  centre: [-3, 19.9],
  scale: SCALE,
  at: [X - 0.205 * SCALE, Y + 0.212 * SCALE],
};

function projector({ parallels, middle, centre, scale, at }: Cone): (lat: number, long: number) => Point {
  const [first, second] = parallels.map((degrees) => Math.sin(degrees * RADIANS)) as [number, number];
  const n = (first + second) / 2;
  const c = 1 + first * (2 * n - first);
  const onCone = (x: number, lat: number): Point => {
    const r = Math.sqrt(c - 2 * n * Math.sin(lat * RADIANS)) / n;
    return [r * Math.sin(x * RADIANS * n), Math.sqrt(c) / n - r * Math.cos(x * RADIANS * n)];
  };
  const [left, up] = onCone(...centre);
  return (lat, long) => {
    const [x, y] = onCone(long - middle, lat);
    return [at[0] + scale * (x - left), at[1] - scale * (y - up)];
  };
}

const toLower48 = projector(LOWER_48);
const toAlaska = projector(ALASKA);
const toHawaii = projector(HAWAII);

/** Where a place lies on the map; elsewhere than in the United States, off its edges. */
export function project(lat: number, long: number): Point {
  if (lat > 50 && long < -128) return toAlaska(lat, long);
  if (lat < 24 && long < -152) return toHawaii(lat, long);
  return toLower48(lat, long);
}
