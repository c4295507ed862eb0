// Who did something, in the reader's language.

import type { Locale } from './context';

/** Who acted: a person by name, and what is none in words. */
export function actorName(by: string | null, { texts }: Locale): string {
  const { agents, someone } = texts.queue;
  if (by === null) return someone;
  return Object.prototype.hasOwnProperty.call(agents, by) ? agents[by]! : by;
}
