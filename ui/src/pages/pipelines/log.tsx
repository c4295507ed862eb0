// What a step says, as it says it. It scrolls along as long as the reader is at its end; who scrolls up
// to read is left there.

import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { getJson } from '../../api/client';
import type { Run, RunStep } from '../../api/pipelines';
import { useLocale } from '../../context';
import type { Connection } from '../../state/live';
import { follows, nextByte, noLog, withAnswer, type Log, type LogAnswer } from '../../state/log';

const ASK_EVERY_MS = 1_000;

function useLog(run: Run, step: RunStep, connection: Connection): Log {
  const [log, setLog] = useState<Log>(noLog);
  const begun = step.state !== 'waiting' || step.started !== null;
  useEffect(() => {
    if (!begun || connection === 'lost') return;
    const abort = new AbortController();
    const path = `/v1/pipelines/runs/${encodeURIComponent(run.id)}/steps/${encodeURIComponent(step.name)}/log`;
    let timer: number | undefined;
    let held = log;
    let size = 0;
    const ask = async (): Promise<void> => {
      try {
        const answer = await getJson<LogAnswer>(`${path}?from=${nextByte(held, size)}`, abort.signal);
        size = answer.size;
        held = withAnswer(held, answer);
        setLog(held);
      } catch {
        if (abort.signal.aborted) return; // otherwise it is tried again, as the run's own answer is
      }
      if (held.ended) return;
      timer = window.setTimeout(() => void ask(), held.to < size ? 0 : ASK_EVERY_MS);
    };
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
    // A step that is begun again is another log; one that ends may have said more in its last second.
  }, [run.id, step.name, begun, step.started, connection]);
  return log;
}

interface LogPanelProps {
  readonly run: Run;
  readonly step: RunStep;
  readonly connection: Connection;
}

function ExitNote({ step }: { readonly step: RunStep }): JSX.Element | null {
  const { texts, format } = useLocale();
  const words = texts.pipelines;
  if (step.signal) return <span class="bad">{words.signal(format.integer(step.signal))}</span>;
  if (step.exit_status) return <span class="bad">{words.exit(format.integer(step.exit_status))}</span>;
  return null;
}

export function LogPanel({ run, step, connection }: LogPanelProps): JSX.Element {
  const words = useLocale().texts.pipelines;
  const log = useLog(run, step, connection);
  const [following, setFollowing] = useState(true);
  const frame = useRef<HTMLDivElement>(null);
  const toEnd = (): void => {
    if (frame.current) frame.current.scrollTop = frame.current.scrollHeight;
  };
  useLayoutEffect(() => {
    if (following) toEnd();
  }, [log, following]);
  const quiet = log.pieces.length === 0;
  return (
    <section class="panel log" aria-labelledby="log">
      <div class="title">
        <h2 id="log">{words.logOf(step.name)}</h2>
        <code class="quiet">{`haechi ${step.words.slice(step.words[0] === 'haechi' ? 1 : 0).join(' ')}`}</code>
        <ExitNote step={step} />
        {!log.ended && (
          <button
            type="button"
            class="follow"
            aria-pressed={following}
            onClick={() => {
              setFollowing(!following);
              if (!following) toEnd();
            }}
          >
            {following ? words.following : words.follow}
          </button>
        )}
      </div>
      <div
        class="log-text"
        ref={frame}
        role="region"
        aria-labelledby="log"
        tabIndex={0}
        onScroll={(event) => setFollowing(follows(event.currentTarget))}
      >
        {log.cut && <p class="quiet">{words.logCut}</p>}
        {quiet ? (
          <p class="quiet">{step.started === null ? words.logNotBegun : words.logEmpty}</p>
        ) : (
          <pre>
            {log.pieces.map((piece) => (
              <span key={piece.id}>{piece.text}</span>
            ))}
          </pre>
        )}
      </div>
    </section>
  );
}
