// The session as components see it: who is signed in, and what that role may do.

import { useEffect, useState } from 'preact/hooks';

import { mayDo, sessionHolder, type Role, type Session } from './api/session';
import { useLocale } from './context';

/** null before the service has answered for the first time. */
export function useSession(): Session | null {
  const [session, setSession] = useState(sessionHolder.session);
  useEffect(() => {
    const follow = (): void => setSession(sessionHolder.session);
    follow();
    return sessionHolder.watch(follow);
  }, []);
  return session;
}

export interface Permission {
  readonly may: boolean;
  /** Why not, to show beside what is disabled; undefined where it may. */
  readonly why: string | undefined;
}

/** Whether who is signed in may do what asks for `role`. */
export function usePermission(role: Role): Permission {
  const session = useSession();
  const { texts } = useLocale();
  const may = mayDo(session, role);
  return { may, why: may || session === null ? undefined : texts.session.needs(texts.session.roles[role]) };
}
