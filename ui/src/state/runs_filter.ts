// Which runs of pipelines are listed: a schedule that runs every minute hides the one that failed. Pure.

import { isUnderWay, type Run } from '../api/pipelines';

export const OUTCOMES = ['any', 'under_way', 'succeeded', 'failed', 'cancelled'] as const;

export interface RunsFilter {
  /** null for all of them. */
  readonly pipeline: string | null;
  readonly outcome: (typeof OUTCOMES)[number];
}

export const allRuns: RunsFilter = { pipeline: null, outcome: 'any' };

/** What was interrupted has failed, too. */
export function isOutcome(run: Pick<Run, 'state'>, outcome: RunsFilter['outcome']): boolean {
  if (outcome === 'any') return true;
  if (outcome === 'under_way') return isUnderWay(run);
  return run.state === outcome || (outcome === 'failed' && run.state === 'interrupted');
}
