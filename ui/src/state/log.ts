// A step's log as far as it has been read: it is asked for from the byte after the last one. Pure. Of
// a long one the end is kept.

export interface LogAnswer {
  readonly text: string;
  /** Bytes of the log: the text is of `from` to before `to`. */
  readonly from: number;
  readonly to: number;
  readonly size: number;
  /** Nothing more comes. */
  readonly ended: boolean;
}

/** Characters that are kept. */
export const LOG_KEPT_MAX = 400_000;
/** A piece is filled up to this before another is begun, so that few are drawn anew. */
const PIECE_MAX = 20_000;

export interface Log {
  /** The text in pieces; all but the last never change. */
  readonly pieces: readonly { readonly id: number; readonly text: string }[];
  /** The byte to ask from. */
  readonly to: number;
  /** The beginning is not kept. */
  readonly cut: boolean;
  readonly ended: boolean;
}

export const noLog: Log = { pieces: [], to: 0, cut: false, ended: false };

/**
 * With the answer to what was asked from `log.to`. A log that is shorter than what was read is
 * another one, of a step that was begun anew: it is read from its beginning.
 */
export function withAnswer(log: Log, answer: LogAnswer): Log {
  if (answer.size < log.to) return noLog;
  if (answer.from < log.to) return log; // an answer that was overtaken
  const ended = answer.ended && answer.to >= answer.size;
  const skipped = answer.from > log.to;
  const text = plain(answer.text);
  if (text === '') return { ...log, to: answer.to, ended };
  const pieces = [...log.pieces];
  const last = pieces[pieces.length - 1];
  if (last && last.text.length + text.length <= PIECE_MAX) {
    pieces[pieces.length - 1] = { id: last.id, text: last.text + text };
  } else pieces.push({ id: (last?.id ?? 0) + 1, text });
  let length = pieces.reduce((sum, piece) => sum + piece.text.length, 0);
  let cut = log.cut || skipped;
  while (length > LOG_KEPT_MAX && pieces.length > 1) {
    length -= pieces.shift()!.text.length;
    cut = true;
  }
  return { pieces, to: answer.to, cut, ended };
}

/** The byte to ask from after this answer: of what is far behind, what would not be kept is left out. */
export function nextByte(log: Log, size: number): number {
  return Math.max(log.to, size - LOG_KEPT_MAX);
}

/** Without the sequences that colour a terminal. */
function plain(text: string): string {
  return text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').replace(/\r\n/g, '\n');
}

/** How far from its end a log may be scrolled and still be followed, in pixels. */
export const FOLLOW_SLACK = 24;

/** Whether whoever scrolled a log to here wants to see what comes. */
export function follows(at: { scrollTop: number; clientHeight: number; scrollHeight: number }): boolean {
  return at.scrollTop + at.clientHeight >= at.scrollHeight - FOLLOW_SLACK;
}
