// The United States as a drawing of the document's own: the style sheet colours it, and what lies on
// it is given as children.

import type { ComponentChildren, JSX } from 'preact';
import { memo } from 'preact/compat';

import { atlas } from './atlas';
import { HEIGHT, WIDTH, type Point } from './projection';

const Outlines = memo(function Outlines(): JSX.Element {
  const { land, lines } = atlas();
  return (
    <>
      <path class="land" d={land} />
      <path class="borders" d={lines} />
    </>
  );
});

export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const WHOLE: Frame = { x: 0, y: 0, width: WIDTH, height: HEIGHT };

/** How much of the map is shown at least, and how much around what is shown. */
const FRAME_LEAST = 110;
const MARGIN = 0.18;

/** The part of the map that holds the points, in the map's own proportions. */
export function frameAround(points: readonly Point[]): Frame {
  if (points.length === 0) return WHOLE;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const ratio = WIDTH / HEIGHT;
  const wide = Math.max(right - left, (bottom - top) * ratio) * (1 + 2 * MARGIN);
  const width = Math.min(WIDTH * 1.5, Math.max(FRAME_LEAST, wide));
  const height = width / ratio;
  return { x: (left + right - width) / 2, y: (top + bottom - height) / 2, width, height };
}

interface UsMapProps {
  /** What the map shows, in words. */
  readonly label: string;
  readonly frame?: Frame;
  /** Under the borders. */
  readonly children?: ComponentChildren;
  /** Over them. */
  readonly over?: ComponentChildren;
}

export function UsMap({ label, frame = WHOLE, children, over }: UsMapProps): JSX.Element {
  const { x, y, width, height } = frame;
  return (
    <svg class="us-map" viewBox={`${x} ${y} ${width} ${height}`} role="img" aria-label={label}>
      <Outlines />
      {children}
      {children && <path class="borders over" d={atlas().lines} />}
      {over}
    </svg>
  );
}
