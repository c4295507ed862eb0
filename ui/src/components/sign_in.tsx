// The sign-in: a view of its own before anything can be seen, and a dialog over the page where a
// session ends in the middle of work, which then goes on.

import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { ServiceError, signIn } from '../api/client';
import { useLocale, type Locale } from '../context';

/** Without a word from the service of how long to wait. */
const WAIT_S = 30;

interface Refusal {
  readonly why: 'missing' | 'wrong' | 'wait' | 'failed';
  /** Of 'wait': until when no other try makes sense; milliseconds since the epoch. */
  readonly until: number;
}

export function refusalOf(error: unknown, now: number): Refusal {
  if (!(error instanceof ServiceError)) return { why: 'failed', until: 0 };
  if (error.status === 429) return { why: 'wait', until: now + (error.retryAfter ?? WAIT_S) * 1000 };
  return { why: error.status === 401 ? 'wrong' : 'failed', until: 0 };
}

/** Seconds until `until`, told each second; 0 once it is over. */
function useSecondsTo(until: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    setNow(Date.now());
    if (until <= Date.now()) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [until]);
  return Math.max(0, Math.ceil((until - now) / 1000));
}

function refusalText(refusal: Refusal, seconds: number, { texts, format }: Locale): string {
  if (refusal.why !== 'wait') return texts.session[refusal.why];
  return seconds > 0 ? texts.session.wait(format.duration(seconds)) : '';
}

export function SignInForm(): JSX.Element {
  const locale = useLocale();
  const words = locale.texts.session;
  const field = useRef<HTMLInputElement>(null);
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const seconds = useSecondsTo(refusal?.until ?? 0);
  useEffect(() => field.current?.focus(), []);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const token = field.current?.value.trim() ?? '';
    if (token === '') setRefusal({ why: 'missing', until: 0 });
    else {
      setBusy(true);
      try {
        await signIn(token);
        return; // what comes next takes this form's place
      } catch (error) {
        setRefusal(refusalOf(error, Date.now()));
      }
      setBusy(false);
      if (field.current) field.current.value = '';
    }
    field.current?.focus();
  }

  const text = refusal && refusalText(refusal, seconds, locale);
  return (
    <form class="sign-in" onSubmit={(event) => void submit(event)} noValidate>
      <label for="token">{words.token}</label>
      <input
        id="token"
        ref={field}
        type={shown ? 'text' : 'password'}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-invalid={refusal !== null && refusal.why !== 'failed'}
        aria-describedby="sign-in-refusal"
      />
      <label class="check">
        <input type="checkbox" checked={shown} onChange={() => setShown(!shown)} />
        {words.show}
      </label>
      <p id="sign-in-refusal" class="failed" role="alert">
        {text}
      </p>
      <button type="submit" class="main" disabled={busy || seconds > 0}>
        {busy ? words.signingIn : words.signIn}
      </button>
    </form>
  );
}

/** In place of the page. */
export function SignInPage(): JSX.Element {
  const { texts } = useLocale();
  return (
    <main id="main" class="sign-in-page" tabIndex={-1}>
      <section class="panel" aria-labelledby="sign-in">
        <h2 id="sign-in">{texts.session.title}</h2>
        <p class="quiet">{texts.session.text}</p>
        <SignInForm />
      </section>
    </main>
  );
}

/** Over the page, which is kept but not seen. It can only be left by signing in. */
export function SignInDialog(): JSX.Element {
  const { texts } = useLocale();
  const dialog = useRef<HTMLDialogElement>(null);
  // Before it is drawn: what is no longer seen loses the focus.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    // A browser closes a dialog on the second Escape whatever it is told on the first.
    const again = (): void => shown?.showModal();
    again();
    shown?.addEventListener('close', again);
    return () => {
      shown?.removeEventListener('close', again);
      shown?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="sign-in" onCancel={(event) => event.preventDefault()}>
      <h2 id="sign-in">{texts.session.title}</h2>
      <p>{texts.session.expired}</p>
      <SignInForm />
    </dialog>
  );
}
