// The page of those who work on alerts: the queue, and the audit trail of what was done.

import type { JSX } from 'preact';

import { Heading } from '../../components/heading';
import { Notice } from '../../components/notice';
import { useLocale } from '../../context';
import { hashOf, type Route } from '../../route';
import type { Connection } from '../../state/live';
import { AuditTrail } from './audit';
import { AlertsQueue } from './queue';

interface AlertsPageProps {
  readonly route: Extract<Route, { view: 'alerts' | 'audit' }>;
  readonly connection: Connection;
}

function Tabs({ current }: { readonly current: 'alerts' | 'audit' }): JSX.Element {
  const words = useLocale().texts.queue;
  const tab = (view: 'alerts' | 'audit', name: string): JSX.Element => (
    <li>
      <a href={hashOf({ view })} aria-current={view === current ? 'page' : undefined}>
        {name}
      </a>
    </li>
  );
  return (
    <ul class="tabs" aria-label={words.tabs}>
      {tab('alerts', words.queue)}
      {tab('audit', words.audit)}
    </ul>
  );
}

export function AlertsPage({ route, connection }: AlertsPageProps): JSX.Element {
  const { texts } = useLocale();
  const queue = route.view === 'alerts';
  return (
    <main id="main" class={`${connection} ${queue ? 'worklist' : ''}`} tabIndex={-1}>
      <div class="heading">
        <Heading>{texts.queue.title}</Heading>
        <Tabs current={route.view} />
      </div>
      {connection === 'lost' && <Notice kind="lost">{texts.lostText}</Notice>}
      {queue ? (
        <AlertsQueue route={route} connection={connection} />
      ) : (
        <AuditTrail connection={connection} />
      )}
    </main>
  );
}
