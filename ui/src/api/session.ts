// Who is at the page, as far as the service asks: the session of GET /v1/session. The page holds the
// name, the role and what a change has to carry; never the token, which the service turns into a
// cookie that no script can read.

export type Role = 'viewer' | 'analyst' | 'admin';

export interface Session {
  /** Whether the service asks for a sign-in at all. */
  readonly required: boolean;
  /** null where a sign-in is required and nobody is signed in; so is the role. */
  readonly name: string | null;
  readonly role: Role | null;
  /** What a change has to carry in its header; null without a sign-in. */
  readonly csrf: string | null;
}

/** Each may do what those before it may. */
const ROLES: readonly Role[] = ['viewer', 'analyst', 'admin'];

/** Of a service that knows no sign-in: everybody may do everything. */
export const OPEN: Session = { required: false, name: null, role: 'admin', csrf: null };

export function mayDo(session: Session | null, role: Role): boolean {
  if (session === null) return false;
  if (!session.required) return true;
  return session.role !== null && ROLES.indexOf(session.role) >= ROLES.indexOf(role);
}

/** Who it is, to tell one person's page from another's; null while nobody is signed in who has to be. */
export function personOf(session: Session | null): string | null {
  if (session === null || (session.required && session.role === null)) return null;
  return JSON.stringify([session.name, session.role]);
}

/** What the page knows of the session, and those who want to hear of changes. */
class SessionHolder {
  #session: Session | null = null;
  #watchers = new Set<() => void>();

  /** null before the service has answered for the first time. */
  get session(): Session | null {
    return this.#session;
  }

  /** A sign-in is required, and nobody is signed in (any more). */
  get closed(): boolean {
    return this.#session !== null && this.#session.required && this.#session.role === null;
  }

  set(session: Session): void {
    const was = this.#session;
    this.#session = session;
    const same =
      was !== null &&
      was.required === session.required &&
      was.name === session.name &&
      was.role === session.role &&
      was.csrf === session.csrf;
    if (!same) for (const watcher of this.#watchers) watcher();
  }

  /** The service refused for want of a sign-in: it ended, or ran out. */
  ended(): void {
    this.set({ required: true, name: null, role: null, csrf: null });
  }

  /** Calls `watcher` after changes, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

export const sessionHolder = new SessionHolder();
