// How far a run is, and where it stopped. Pure.

import type { Run, RunStep } from '../api/pipelines';

/** Steps that succeeded, one that runs counting as far as it says it is; 0 to 1. */
export function shareDone(run: Run): number {
  const done = run.steps.reduce(
    (sum, step) => sum + (step.state === 'succeeded' ? 1 : step.state === 'running' ? (step.progress ?? 0) : 0),
    0,
  );
  return run.steps.length === 0 ? 0 : done / run.steps.length;
}

/** Those that tell why a run is as it is, the first of them before the others. */
const TELLING: readonly RunStep['state'][] = ['failed', 'interrupted', 'cancelled', 'running', 'waiting'];

/** The step to look at: the one that failed or was ended, the one that runs, or the last. */
export function tellingStep(run: Run): RunStep | undefined {
  for (const state of TELLING) {
    const found = run.steps.find((step) => step.state === state);
    if (found) return found;
  }
  return run.steps[run.steps.length - 1];
}

/** The step that a run would go on with; undefined of one that succeeded or is under way. */
export function stepToResume(run: Run): RunStep | undefined {
  if (run.state === 'succeeded' || run.state === 'running' || run.state === 'waiting') return undefined;
  return run.steps.find((step) => step.state !== 'succeeded');
}

/** How a refusal names an argument: in quotes, or as what its value is of or is set by. */
const BLAMED = /['"‘“]([\w-]+)['"’”]|value of ([\w-]+)|--set ([\w-]+)=/g;

/** The argument that a refusal is about; undefined where it names none of them. */
export function argumentBlamed(refusal: string, names: readonly string[]): string | undefined {
  const named = [...refusal.matchAll(BLAMED)].map(([, quoted, of, set]) => quoted ?? of ?? set ?? '');
  return named.find((name) => names.includes(name));
}
