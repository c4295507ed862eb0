// A decision about one alert or about several: it is fixed when it is asked for, so that what is confirmed
// is what was asked, whatever comes in between; and it can be taken back. Pure.

import type { AlertItem, CaseChange } from '../api/alerts';
import type { CaseStatus } from '../api/types';

/** What becomes a label, and is asked once more. */
export type Label = 'fraud' | 'not_fraud';

/** Of one alert: as what it was seen, and what it becomes. It is not made where the case is another by then. */
export interface Step {
  readonly number: string;
  readonly from: CaseStatus;
  readonly to: CaseStatus;
}

/** What a decision is about: the alerts that are selected, or the one that is chosen. */
export interface Target {
  readonly many: boolean;
  readonly alerts: readonly Pick<AlertItem, 'trans_num' | 'status'>[];
}

/** A label that waits for its yes. */
export interface Question {
  readonly label: Label;
  readonly many: boolean;
  /** The numbers of its alerts as one text: it stands as long as these are meant. */
  readonly about: string;
  readonly steps: readonly Step[];
}

function isLabel(status: CaseStatus): status is Label {
  return status === 'fraud' || status === 'not_fraud';
}

/** Which alerts are meant, to be compared. */
export function aboutOf({ many, alerts }: Target): string {
  return [many, ...alerts.map((alert) => alert.trans_num)].join(' ');
}

/** Those that are not so yet. */
export function stepsTo(to: CaseStatus, { alerts }: Target): readonly Step[] {
  return alerts.filter(({ status }) => status !== to).map((one) => ({ number: one.trans_num, from: one.status, to }));
}

/** What a press leads to: a question, or the steps to take, which may be none. */
export type Pressed =
  | { readonly kind: 'asks'; readonly question: Question }
  | { readonly kind: 'makes'; readonly steps: readonly Step[] };

/** A label's second press says yes to its first, if that was about the same alerts. */
export function press(standing: Question | null, to: CaseStatus, target: Target): Pressed {
  const about = aboutOf(target);
  if (standing !== null && standing.label === to && standing.about === about)
    return { kind: 'makes', steps: standing.steps };
  const steps = stepsTo(to, target);
  if (!isLabel(to) || steps.length === 0) return { kind: 'makes', steps };
  return { kind: 'asks', question: { label: to, many: target.many, about, steps } };
}

export function changeOf({ from, to }: Step): CaseChange {
  return { status: to, expected: { status: from } };
}

export function takenBack({ number, from, to }: Step): Step {
  return { number, from: to, to: from };
}

/** Whether taking them back makes labels anew: of what was decided before. */
export function relabels(steps: readonly Step[]): boolean {
  return steps.some(({ from }) => isLabel(from));
}

/** Those of `steps` whose alert is among `numbers`. */
export function stepsOf(numbers: readonly string[], steps: readonly Step[]): readonly Step[] {
  const among = new Set(numbers);
  return steps.filter((step) => among.has(step.number));
}
