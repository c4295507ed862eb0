// The audit trail: who changed what and when, the latest first. It can be read, and nothing else.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { actorName } from '../../actor';
import type { AuditEntry } from '../../api/alerts';
import { getJson } from '../../api/client';
import { Notice, ResourceNotice } from '../../components/notice';
import { useMoment } from '../../components/when';
import { useLocale, type Locale } from '../../context';
import { hashOf } from '../../route';
import { usePermission } from '../../session';
import { AUDIT_KEPT_MAX, mergeAudit } from '../../state/audit';
import { feed } from '../../state/feed';
import type { Connection } from '../../state/live';
import { actionName, changeText } from './notes';

const PAGE_ENTRIES = 100;
/** What is no change of an alert is in no event of the stream. */
const ASK_EVERY_MS = 5_000;
const HASH_SHOWN = 10;

interface TrailState {
  readonly entries: readonly AuditEntry[] | null;
  readonly ended: boolean;
  readonly error: Error | null;
}

function useTrail(connection: Connection, people: boolean): TrailState & { older(): void } {
  const [trail, setTrail] = useState<TrailState>({ entries: null, ended: false, error: null });
  const abort = useRef(new AbortController());
  const ask = async (before: number | null): Promise<void> => {
    const { signal } = abort.current;
    const from = before === null ? '' : `&before=${before}`;
    try {
      const page = await getJson<{ entries: AuditEntry[] }>(`/v1/audit?limit=${PAGE_ENTRIES}&people=${people}${from}`, signal);
      setTrail((was) => ({
        entries: mergeAudit(was.entries ?? [], page.entries),
        ended: (before !== null || was.entries === null ? page.entries.length < PAGE_ENTRIES : was.ended),
        error: null,
      }));
    } catch (failure) {
      if (signal.aborted) return;
      setTrail((was) => ({ ...was, error: failure instanceof Error ? failure : new Error(String(failure)) }));
    }
  };
  useEffect(() => {
    abort.current = new AbortController();
    void ask(null);
    let due = false;
    let ticks = 0;
    const unwatch = feed.watch({ onCases: () => (due = true) });
    const timer = setInterval(() => {
      if (document.hidden) return;
      ticks += 1;
      if (!due && (ticks * 1000) % ASK_EVERY_MS !== 0) return;
      due = false;
      void ask(null);
    }, 1_000);
    return () => {
      unwatch();
      clearInterval(timer);
      abort.current.abort();
    };
  }, [connection]);
  return {
    ...trail,
    older: () => {
      const last = trail.entries?.[trail.entries.length - 1];
      if (last) void ask(last.seq);
    },
  };
}

/** Where the subject can be looked at; null where that is nowhere. */
function subjectLink({ action, subject }: AuditEntry): string | null {
  if (!subject) return null;
  if (action.startsWith('alert.')) return hashOf({ view: 'alerts', number: subject });
  if (action.startsWith('card.')) return hashOf({ view: 'transaction', number: subject });
  const [first, second] = subject.split('/');
  if (action.startsWith('pipeline.') && second) return hashOf({ view: 'run', id: second });
  if (action.startsWith('model.') && first && second)
    return hashOf({ view: 'model', name: first, version: second });
  return null;
}

function Subject({ entry }: { readonly entry: AuditEntry }): JSX.Element {
  const link = subjectLink(entry);
  if (link === null) return <>{entry.subject ?? '–'}</>;
  return <a href={link}>{entry.subject}</a>;
}

function roleName(role: string | null, { texts }: Locale): string {
  const names: Readonly<Record<string, string>> = { ...texts.session.roles, ...texts.session.otherRoles };
  return role !== null && Object.prototype.hasOwnProperty.call(names, role) ? names[role]! : (role ?? '');
}

function Row({ entry }: { readonly entry: AuditEntry }): JSX.Element {
  const locale = useLocale();
  const moment = useMoment();
  return (
    <tr>
      <td class="number wide">{locale.format.integer(entry.seq)}</td>
      <td class="at quiet">
        <time dateTime={entry.time}>{moment.short(entry.time)}</time>
      </td>
      <td class="by">
        <b>{actorName(entry.by, locale)}</b> <span class="quiet">{roleName(entry.role, locale)}</span>
      </td>
      <td class="action">{actionName(entry.action, locale)}</td>
      <td class={`subject ${entry.subject ? '' : 'without'}`} title={entry.subject ?? undefined}>
        <Subject entry={entry} />
      </td>
      <td class="change">
        {changeText(entry, locale)} {entry.text && <span class="note-text">{entry.text}</span>}
      </td>
      <td class="wide">
        <code title={entry.hash}>{entry.hash.slice(0, HASH_SHOWN)}</code>
      </td>
    </tr>
  );
}

interface AuditProps {
  readonly connection: Connection;
}

/** For those who may read it; for others, that they may not. */
export function AuditTrail(props: AuditProps): JSX.Element | null {
  const { may, why } = usePermission('analyst');
  const [people, setPeople] = useState(true);
  if (why !== undefined) return <Notice kind="absent">{why}</Notice>;
  if (!may) return null; // who it is comes in a moment
  return <Trail key={String(people)} {...props} people={people} setPeople={setPeople} />;
}

interface TrailProps extends AuditProps {
  /** Only what people did. */
  readonly people: boolean;
  setPeople(people: boolean): void;
}

function Trail({ connection, people, setPeople }: TrailProps): JSX.Element {
  const { texts } = useLocale();
  const words = texts.queue;
  const moment = useMoment();
  const { entries, ended, error, older } = useTrail(connection, people);
  return (
    <>
      {connection !== 'lost' && (
        <ResourceNotice of={{ data: entries, loading: entries === null, error }} absent={texts.askFailed} />
      )}
      {entries && (
        <section class="panel audit" aria-labelledby="audit">
          <div class="title">
            <h2 id="audit">{words.audit}</h2>
            <span class="quiet">{words.auditNote}</span>
            <span class="quiet">
              {words.auditVerify} <code>haechi audit verify</code>
            </span>
            <label class="choice">
              <input
                type="checkbox"
                checked={!people}
                onChange={(event) => setPeople(!event.currentTarget.checked)}
              />{' '}
              {words.auditService}
            </label>
          </div>
          {entries.length === 0 ? (
            <p class="none">{words.auditEmpty}</p>
          ) : (
            <div class="sideways" role="region" aria-labelledby="audit" tabIndex={0}>
              <table class="fitted">
                <thead>
                  <tr>
                    <th scope="col" class="number wide">{words.columns.number}</th>
                    <th scope="col">
                      {words.columns.time} ({moment.zone()})
                    </th>
                    <th scope="col">{words.columns.by}</th>
                    <th scope="col">{words.columns.action}</th>
                    <th scope="col">{words.columns.subject}</th>
                    <th scope="col">{words.columns.change}</th>
                    <th scope="col" class="wide">{words.columns.hash}</th>
                  </tr>
                </thead>
                <tbody>
                  {entries.map((entry) => (
                    <Row key={entry.seq} entry={entry} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
          {entries.length > 0 && !ended && entries.length < AUDIT_KEPT_MAX && (
            <button type="button" class="more" onClick={older}>
              {words.older}
            </button>
          )}
        </section>
      )}
    </>
  );
}
