// The configuration in force, for those who may see it; of secrets only that they are set.

import type { JSX } from 'preact';

import type { Config, Setting } from '../../api/config';
import { useResource } from '../../api/resource';
import { Fact } from '../../components/facts';
import { ResourceNotice } from '../../components/notice';
import { useLocale } from '../../context';
import { usePermission } from '../../session';
import type { Connection } from '../../state/live';

function Section({ name, settings }: { name: string; settings: readonly Setting[] }): JSX.Element {
  const { texts } = useLocale();
  return (
    <details>
      <summary>{name}</summary>
      <dl class="parameters">
        {settings.map((setting) => (
          <Fact key={setting.name} name={setting.name}>
            {setting.secret ? <span class="quiet">{texts.system.secret}</span> : (setting.value ?? '–')}
          </Fact>
        ))}
      </dl>
    </details>
  );
}

export function Configuration({ connection }: { readonly connection: Connection }): JSX.Element {
  const { texts } = useLocale();
  const words = texts.system;
  const { may, why } = usePermission('admin');
  const asked = useResource<Config>(may ? '/v1/config' : null, connection);
  const settings = asked.data?.settings ?? [];
  const sections = [...new Set(settings.map((setting) => setting.section))];
  return (
    <section class="panel" aria-labelledby="configuration">
      <div class="title">
        <h2 id="configuration">{words.configuration}</h2>
        {why && <span class="quiet">{why}</span>}
      </div>
      {may && connection !== 'lost' && <ResourceNotice of={asked} absent={words.noConfiguration} />}
      {sections.map((name) => (
        <Section key={name} name={name} settings={settings.filter(({ section }) => section === name)} />
      ))}
    </section>
  );
}
