// The steps of a pipeline as a small graph: boxes that are buttons, each behind those it waits for, and
// lines between them, which only repeat what a box says of itself.

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import type { RunState } from '../../api/pipelines';
import { useLocale } from '../../context';
import { useMedia } from '../../media';
import { placeSteps, type PlacedStep, type StepLike } from '../../state/steps';
import { StateShape } from './state';

/** Pixels: of a box, and between two of them along the way and across it. */
const WIDTH = 196;
const HEIGHT = 58;
const GAP = 46;
const GAP_ACROSS = 14;

/** Boxes that stand in a row would be wider than this window. */
const UPRIGHT = '(max-width: 760px)';

export interface GraphStep extends StepLike {
  /** Absent of a pipeline that is not run. */
  readonly state?: RunState;
  /** A few words under the name. */
  readonly note?: string;
  /** 0 to 1. */
  readonly progress?: number | null;
}

interface StepsGraphProps {
  readonly label: string;
  readonly steps: readonly GraphStep[];
  readonly chosen?: string | undefined;
  onChoose?(name: string): void;
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function placeOf({ layer, lane }: PlacedStep, upright: boolean): Place {
  return upright
    ? { x: lane * (WIDTH + GAP_ACROSS), y: layer * (HEIGHT + GAP / 2) }
    : { x: layer * (WIDTH + GAP), y: lane * (HEIGHT + GAP_ACROSS) };
}

/** From the end of one box to the beginning of another, leaving and arriving straight. */
function linePath(from: Place, to: Place, upright: boolean): string {
  const [x1, y1] = upright ? [from.x + WIDTH / 2, from.y + HEIGHT] : [from.x + WIDTH, from.y + HEIGHT / 2];
  const [x2, y2] = upright ? [to.x + WIDTH / 2, to.y] : [to.x, to.y + HEIGHT / 2];
  const bend = upright ? (y2 - y1) / 2 : (x2 - x1) / 2;
  return upright
    ? `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`
    : `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

function Box({ step, chosen, onChoose }: { readonly step: GraphStep } & Pick<StepsGraphProps, 'chosen' | 'onChoose'>): JSX.Element {
  const words = useLocale().texts.pipelines;
  const { name, state, note, progress } = step;
  const after = step.after.length > 0 ? words.after(step.after.join(', ')) : '';
  const content = (
    <>
      {state && <StateShape state={state} />}
      <span class="step-name">{name}</span>
      {state && <span class="hidden">{words.states[state]}</span>}
      <span class="step-note">{note}</span>
      <span class="hidden">{after}</span>
      {state === 'running' && (
        <span
          class={`step-progress ${typeof progress === 'number' ? '' : 'unknown'}`}
          style={{ '--share': progress ?? 0 }}
          aria-hidden="true"
        />
      )}
    </>
  );
  const look = `step ${state ?? 'plain-step'}`;
  if (!onChoose) return <div class={look}>{content}</div>;
  return (
    <button type="button" class={look} aria-pressed={name === chosen} onClick={() => onChoose(name)}>
      {content}
    </button>
  );
}

export function StepsGraph({ label, steps, chosen, onChoose }: StepsGraphProps): JSX.Element {
  const upright = useMedia(UPRIGHT);
  // The places change with the steps' names and order, not with each word that they say.
  const shape = JSON.stringify(steps.map(({ name, after }) => ({ name, after })));
  const graph = useMemo(() => placeSteps(JSON.parse(shape) as StepLike[]), [shape]);
  const states = new Map(steps.map((step) => [step.name, step.state]));
  const along = (count: number, size: number, gap: number): number => count * size + Math.max(0, count - 1) * gap;
  const width = upright ? along(graph.lanes, WIDTH, GAP_ACROSS) : along(graph.layers, WIDTH, GAP);
  const height = upright ? along(graph.layers, HEIGHT, GAP / 2) : along(graph.lanes, HEIGHT, GAP_ACROSS);
  return (
    <div class="sideways steps-frame">
      <div class="steps" style={{ '--width': `${width}px`, '--height': `${height}px` }}>
        <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
          {graph.edges.map(({ from, to }) => (
            <path
              key={`${from.name} ${to.name}`}
              class={`edge ${states.get(from.name) === 'succeeded' ? 'passed' : ''}`}
              d={linePath(placeOf(from, upright), placeOf(to, upright), upright)}
            />
          ))}
        </svg>
        <ol aria-label={label}>
          {graph.places.map((place, i) => {
            const { x, y } = placeOf(place, upright);
            return (
              <li key={place.name} style={{ '--x': `${x}px`, '--y': `${y}px` }}>
                <Box step={steps[i]!} chosen={chosen} {...(onChoose ? { onChoose } : {})} />
              </li>
            );
          })}
        </ol>
      </div>
    </div>
  );
}
