// The registry's versions, as a table.

import type { JSX } from 'preact';

import type { Alias, Manifest, ModelEntry } from '../../api/models';
import { useLocale } from '../../context';
import { hashOf } from '../../route';

export function Aliases({ aliases }: { readonly aliases: readonly Alias[] }): JSX.Element {
  const { texts } = useLocale();
  if (aliases.length === 0) return <span class="quiet">{texts.models.noAlias}</span>;
  return (
    <>
      {aliases.map((alias) => (
        <span key={alias} class={`alias ${alias}`}>
          {texts.models.aliases[alias]}
        </span>
      ))}
    </>
  );
}

/** What a version is made of: "xgboost" or "xgboost + gcn". */
export function kinds(manifest: Manifest | undefined): string {
  return (manifest?.members ?? []).map((member) => member.kind).join(' + ');
}

function Row({ model }: { readonly model: ModelEntry }): JSX.Element {
  const { texts, format } = useLocale();
  const { manifest } = model;
  const metric = (name: string): string => {
    const value = manifest?.metrics?.[name];
    return value === undefined ? '–' : format.score(value);
  };
  return (
    <tr>
      <td>
        <a href={hashOf({ view: 'model', name: model.name, version: model.version })}>
          <b>{model.name}</b> <span class="version">{model.version}</span>
        </a>
      </td>
      <td>
        <Aliases aliases={model.aliases} />
      </td>
      <td class="wide">{manifest ? kinds(manifest) : texts.models.unreadable}</td>
      <td class="number">{metric('average_precision')}</td>
      <td class="number wide">{metric('best_f1')}</td>
      <td class="wide">{manifest?.trained_at ? format.dateTime(manifest.trained_at) : '–'}</td>
      <td class="number wide">
        {manifest?.data?.rows === undefined ? '–' : format.integer(manifest.data.rows)}
      </td>
    </tr>
  );
}

function Empty(): JSX.Element {
  const { texts } = useLocale();
  return (
    <div class="empty">
      <h4>{texts.models.empty}</h4>
      <p>{texts.models.emptyText}</p>
      <pre>
        <code>haechi train xgboost --train fraudTrain.csv --models models</code>
      </pre>
    </div>
  );
}

export function ModelsList({ models }: { readonly models: readonly ModelEntry[] }): JSX.Element {
  const { texts, format } = useLocale();
  const words = texts.models;
  return (
    <section class="panel" aria-labelledby="models">
      <div class="title">
        <h3 id="models">{words.versions}</h3>
        {models.length > 0 && <span class="quiet">{words.note(format.integer(models.length))}</span>}
      </div>
      {models.length === 0 ? (
        <Empty />
      ) : (
        <table class="fitted models">
          <thead>
            <tr>
              <th scope="col">{words.version}</th>
              <th scope="col">{words.alias}</th>
              <th scope="col" class="wide">{words.kind}</th>
              <th scope="col" class="number">{words.metricNames['average_precision']}</th>
              <th scope="col" class="number wide">{words.metricNames['best_f1']}</th>
              <th scope="col" class="wide">{words.trained}</th>
              <th scope="col" class="number wide">{words.rows}</th>
            </tr>
          </thead>
          <tbody>
            {models.map((model) => (
              <Row key={`${model.name}/${model.version}`} model={model} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
