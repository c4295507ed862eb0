// Who is signed in, and the way out. Nothing where the service asks for no sign-in.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { signOut } from '../api/client';
import { useLocale } from '../context';
import { useSession } from '../session';

interface IdentityProps {
  /** Before the session ends, so that what was seen goes with it. */
  onSignOut(): void;
}

export function Identity({ onSignOut }: IdentityProps): JSX.Element | null {
  const { texts } = useLocale();
  const session = useSession();
  const [failed, setFailed] = useState(false);
  if (!session?.required || session.role === null) return null;
  async function leave(): Promise<void> {
    try {
      onSignOut();
      await signOut();
    } catch {
      setFailed(true);
    }
  }
  return (
    <div class="identity">
      <p>
        <span class="hidden">{texts.session.signedInAs}</span> <b>{session.name}</b>{' '}
        <span class="role">{texts.session.roles[session.role]}</span>
      </p>
      <button type="button" onClick={() => void leave()}>
        {texts.session.signOut}
      </button>
      {failed && (
        <span class="bad" role="alert">
          {texts.session.failed}
        </span>
      )}
    </div>
  );
}
