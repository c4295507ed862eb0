// What people wrote about an alert, and what they did with it.

import type { JSX, RefObject } from 'preact';
import { useState } from 'preact/hooks';

import { actorName } from '../../actor';
import type { AlertShown, HistoryEntry } from '../../api/alerts';
import { When } from '../../components/when';
import { useLocale, type Locale } from '../../context';
import { usePermission } from '../../session';

/** What the service takes. */
const NOTE_BYTES_MAX = 4_000;

interface NotesProps {
  readonly alert: AlertShown;
  readonly field: RefObject<HTMLTextAreaElement>;
  onNote(text: string): Promise<boolean>;
}

function NoteForm({ field, onNote }: Omit<NotesProps, 'alert'>): JSX.Element {
  const words = useLocale().texts.queue;
  const { may, why } = usePermission('analyst');
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const empty = text.trim() === '';
  async function add(event: Event): Promise<void> {
    event.preventDefault();
    if (empty || busy) return;
    setBusy(true);
    if (await onNote(text.trim())) setText('');
    setBusy(false);
  }
  return (
    <form class="note-form" onSubmit={(event) => void add(event)}>
      <textarea
        ref={field}
        aria-label={words.writeNote}
        placeholder={words.writeNote}
        rows={2}
        maxLength={NOTE_BYTES_MAX}
        value={text}
        disabled={!may}
        title={why}
        aria-keyshortcuts="c"
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void add(event);
        }}
      />
      <button type="submit" disabled={!may || empty || busy}>
        {words.addNote}
      </button>
    </form>
  );
}

export function Notes(props: NotesProps): JSX.Element {
  const words = useLocale().texts.queue;
  const notes = [...props.alert.notes].sort((a, b) => (a.time < b.time ? 1 : -1));
  return (
    <section aria-labelledby="case-notes">
      <h4 id="case-notes">{words.notes}</h4>
      <NoteForm {...props} />
      {notes.length === 0 && <p class="quiet">{words.noNotes}</p>}
      <ol class="case-notes">
        {notes.map((note, i) => (
          <li key={`${note.time} ${i}`}>
            <p class="quiet">
              <b>{note.by}</b> <When iso={note.time} />
            </p>
            <p class="note-text">{note.text}</p>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** A value of the trail in words: of a status its name, of an assignee the name or nobody. */
export function valueText(action: string, value: string | null, { texts }: Locale): string {
  const words = texts.queue;
  if (value === null || value === '') return action === 'alert.assign' ? words.nobody : '';
  const status = Object.prototype.hasOwnProperty.call(words.status, value);
  if (action === 'alert.status' && status) return words.status[value as keyof typeof words.status];
  return value;
}

/** What an entry changed: "Open → In review". */
export function changeText(entry: Pick<HistoryEntry, 'action' | 'from' | 'to'>, locale: Locale): string {
  if (entry.action === 'alert.note') return '';
  const from = valueText(entry.action, entry.from, locale);
  const to = valueText(entry.action, entry.to, locale);
  return from !== '' && to !== '' ? `${from} → ${to}` : from || to;
}

export function actionName(action: string, { texts }: Locale): string {
  const names = texts.queue.actions;
  return Object.prototype.hasOwnProperty.call(names, action) ? names[action]! : action;
}

export function History({ alert }: { readonly alert: AlertShown }): JSX.Element {
  const locale = useLocale();
  const words = locale.texts.queue;
  const entries = [...alert.history].sort((a, b) => b.seq - a.seq);
  return (
    <section aria-labelledby="case-history">
      <h4 id="case-history">{words.history}</h4>
      {entries.length === 0 && <p class="quiet">{words.noHistory}</p>}
      <ol class="case-history">
        {entries.map((entry) => (
          <li key={entry.seq}>
            <span>
              {actionName(entry.action, locale)} <b>{changeText(entry, locale)}</b>
              {entry.action !== 'alert.note' && entry.text && <span class="quiet"> {entry.text}</span>}
            </span>
            <span class="quiet">
              {actorName(entry.by, locale)} · <When iso={entry.time} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
