// The shapes of the service's answers about pipelines and their runs.

import type { StepLike } from '../state/steps';

export type RunState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';

export interface RunStep extends StepLike {
  readonly state: RunState;
  readonly started: string | null;
  readonly ended: string | null;
  readonly seconds: number | null;
  readonly exit_status: number | null;
  readonly signal: number | null;
  readonly words: readonly string[];
  /** Of a step that runs and says how far it is: 0 to 1. */
  readonly progress?: number | null;
  /** What it is at, where it says so. */
  readonly doing?: string | null;
  readonly last_line?: string | null;
}

export interface Run {
  readonly id: string;
  readonly pipeline: string;
  readonly state: RunState;
  readonly created: string;
  readonly started: string | null;
  readonly ended: string | null;
  readonly seconds: number | null;
  readonly attempt: number;
  readonly arguments: Readonly<Record<string, string>>;
  readonly steps: readonly RunStep[];
  readonly model?: { readonly name: string; readonly version: string } | null;
  /** Who asked for it; null where that is not known. */
  readonly by?: string | null;
}

export interface PipelineArgument {
  readonly name: string;
  /** The default; null where a value must be given. */
  readonly value: string | null;
}

export interface Pipeline {
  readonly name: string;
  readonly description: string | null;
  readonly arguments: readonly PipelineArgument[];
  readonly schedule: string | null;
  readonly time_zone: string | null;
  readonly next: string | null;
  readonly steps: readonly (StepLike & { readonly run: string })[];
  readonly last_run: Run | null;
  readonly runs: number;
  readonly succeeded: number;
  readonly success_ratio: number | null;
  readonly seconds_median: number | null;
}

/** Not at its end yet. */
export function isUnderWay(run: { readonly state: RunState } | null | undefined): boolean {
  return run?.state === 'running' || run?.state === 'waiting';
}
