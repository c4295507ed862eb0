// Why the service did not do what it was asked, in the reader's language: by the status of its answer. What
// it says itself is English; it is kept beside that where it tells which of several things was wrong.

import { ServiceError } from './api/client';
import type { Texts } from './i18n';

export interface Problem {
  readonly text: string;
  /** The service's own words; null where they add nothing. */
  readonly detail: string | null;
}

/** Those whose reason is in the words alone: a field that was refused, a state that forbids. */
const TELLING: ReadonlySet<number> = new Set([400, 409, 413, 415, 422, 500]);

export function problemOf(error: Error, { problems }: Texts): Problem {
  // What a browser says of a connection that failed is its own language, and not of use.
  if (!(error instanceof ServiceError)) return { text: problems.unreachable, detail: null };
  const { status } = error;
  const text = problems.byStatus[status] ?? (status >= 500 ? problems.failed : problems.refused);
  return { text, detail: TELLING.has(status) || !problems.byStatus[status] ? error.message : null };
}

/** Both as one text, for where there is one line. */
export function problemText(error: Error, texts: Texts): string {
  const { text, detail } = problemOf(error, texts);
  return detail === null ? text : `${text} (${detail})`;
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
