// Which alerts of the queue are selected, to be changed together. Pure.

export interface Selection {
  readonly numbers: ReadonlySet<string>;
  /** The one selected last: a range goes from there. */
  readonly last: string | null;
}

export const noSelection: Selection = { numbers: new Set(), last: null };

export function toggled({ numbers }: Selection, number: string): Selection {
  const now = new Set(numbers);
  if (!now.delete(number)) now.add(number);
  return { numbers: now, last: number };
}

/** Of a change that was made: what is selected otherwise stays so. */
export function without(selection: Selection, numbers: readonly string[]): Selection {
  const now = new Set(selection.numbers);
  for (const number of numbers) now.delete(number);
  return { ...selection, numbers: now };
}

/**
 * With all of `shown` from the one selected last to `number`; where there is no such one, `number` alone. One
 * that is selected already is selected no more, as the box that was clicked shows.
 */
export function extended(selection: Selection, number: string, shown: readonly string[]): Selection {
  if (selection.numbers.has(number)) return toggled(selection, number);
  const [from, to] = [shown.indexOf(selection.last ?? ''), shown.indexOf(number)];
  if (from < 0 || to < 0) return toggled(selection, number);
  const range = shown.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { numbers: new Set([...selection.numbers, ...range]), last: number };
}

export function selectedAll(shown: readonly string[]): Selection {
  return { numbers: new Set(shown), last: shown[shown.length - 1] ?? null };
}
