// The pages about models: the registry's versions, one of them, or two side by side.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { ModelEntry } from '../../api/models';
import { useResource } from '../../api/resource';
import { Heading } from '../../components/heading';
import { Notice, ResourceNotice } from '../../components/notice';
import { useLocale } from '../../context';
import type { Route } from '../../route';
import type { Connection } from '../../state/live';
import { Comparison } from './comparison';
import { ModelsList } from './list';
import { LivePanel } from './live';
import { Version } from './version';

interface ModelsPageProps {
  readonly route: Route;
  readonly connection: Connection;
}

export function ModelsPage({ route, connection }: ModelsPageProps): JSX.Element {
  const { texts } = useLocale();
  // Counts the changes made here: each makes what is shown be asked for again. So does a service
  // that comes back.
  const [changes, setChanges] = useState(0);
  const [said, setSaid] = useState('');
  const asked = `${changes} ${connection}`;
  const list = useResource<{ models: ModelEntry[] }>('/v1/models', asked);
  const models = list.data?.models ?? [];
  const onChanged = (text: string): void => {
    setSaid(text);
    setChanges(changes + 1);
  };
  return (
    <main id="main" class={connection} tabIndex={-1}>
      {connection === 'lost' && <Notice kind="lost">{texts.lostText}</Notice>}
      {connection !== 'lost' && <ResourceNotice of={list} absent={texts.models.noRegistry} />}
      {said && <Notice kind="done">{said}</Notice>}
      {route.view === 'model' && (
        <Version
          key={`${route.name}/${route.version}`}
          name={route.name}
          version={route.version}
          models={models}
          asked={asked}
          onChanged={onChanged}
        />
      )}
      {route.view === 'comparison' && <Comparison models={route.models} asked={asked} />}
      {route.view === 'models' && <Heading>{texts.models.title}</Heading>}
      {route.view === 'models' && list.data && <ModelsList models={models} />}
      {route.view === 'models' && models.some((one) => one.aliases.includes('challenger')) && (
        <LivePanel asked={asked} />
      )}
    </main>
  );
}
