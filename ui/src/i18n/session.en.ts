// The texts of the sign-in, in English.

export const sessionEn = {
  title: 'Sign in',
  text: 'This service asks for an API token. It is sent to the service once and not kept in the page.',
  expired: 'Your session has ended. Sign in again and go on where you were.',
  token: 'API token',
  show: 'Show token',
  signIn: 'Sign in',
  signingIn: 'Signing in…',
  signOut: 'Sign out',
  missing: 'Enter a token.',
  wrong: 'The service does not know this token.',
  wait: (duration: string) => `Too many tries. Try again in ${duration}.`,
  failed: 'The service does not answer. Try again.',
  signedInAs: 'Signed in as',
  roles: { viewer: 'viewer', analyst: 'analyst', admin: 'admin' },
  /** Of who acts, as the audit trail has it: also of what is no person. */
  otherRoles: { service: 'service', none: 'not signed in' } as Readonly<Record<string, string>>,
  needs: (role: string) => `Needs the role “${role}”.`,
};
