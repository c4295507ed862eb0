// The audit trail as far as it has been read: the latest first, each entry once.

import type { AuditEntry } from '../api/alerts';

export const AUDIT_KEPT_MAX = 2_000;

/**
 * Both together. Entries are numbered without a gap: where more came than one page holds, what was
 * known before is let go, so that none is missing in between. So are the oldest past the limit.
 */
export function mergeAudit(
  known: readonly AuditEntry[],
  page: readonly AuditEntry[],
): readonly AuditEntry[] {
  const latest = Math.max(0, ...known.map((entry) => entry.seq));
  if (page.length > 0 && page.every((entry) => entry.seq > latest + 1)) return page;
  const seqs = new Set(known.map((entry) => entry.seq));
  const fresh = page.filter((entry) => !seqs.has(entry.seq));
  if (fresh.length === 0) return known;
  return [...known, ...fresh].sort((a, b) => b.seq - a.seq).slice(0, AUDIT_KEPT_MAX);
}
