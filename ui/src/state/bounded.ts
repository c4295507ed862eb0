// Lists that never grow past a limit. They are immutable, so that a view may keep an old one.

/** `added` before `list`, cut at `limit`: for lists with the latest first. */
export function putFirst<T>(list: readonly T[], added: readonly T[], limit: number): readonly T[] {
  return added.length === 0 ? list : [...added, ...list].slice(0, limit);
}

/** `added` after `list`, the oldest dropped over `limit`: for series in time order. */
export function putLast<T>(list: readonly T[], added: readonly T[], limit: number): readonly T[] {
  return added.length === 0 ? list : [...list, ...added].slice(-limit);
}
