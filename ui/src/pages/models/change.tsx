// Promoting a version and rolling back, each after the question whether it is meant.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { postJson } from '../../api/client';
import type { Alias, ModelChange, ModelEntry } from '../../api/models';
import { useLocale } from '../../context';
import { asError, problemText } from '../../problem';
import { usePermission } from '../../session';

interface ChangeButtonProps {
  readonly label: string;
  readonly question: string;
  /** Which version makes room, in words; null where that is not known beforehand. */
  readonly replaces: string | null;
  readonly path: string;
  readonly alias: Alias;
  readonly disabled?: boolean;
  onChanged(text: string): void;
}

function ChangeButton(props: ChangeButtonProps): JSX.Element {
  const { texts } = useLocale();
  const words = texts.models;
  const { may, why } = usePermission('admin');
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState('');
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  async function change(): Promise<void> {
    setBusy(true);
    setFailed('');
    abort.current = new AbortController();
    try {
      const body = { as: props.alias };
      const done = await postJson<ModelChange>(props.path, body, abort.current.signal);
      dialog.current?.close();
      props.onChanged(words.changed(words.aliases[done.alias], done.to ?? words.noAlias));
    } catch (error) {
      setFailed(`${words.changeFailed} ${problemText(asError(error), texts)}`);
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <button
        type="button"
        disabled={props.disabled || !may}
        title={why}
        onClick={() => dialog.current?.showModal()}
      >
        {props.label}
      </button>
      <dialog ref={dialog} aria-label={props.label} onClose={() => setFailed('')}>
        <h2>{props.question}</h2>
        {props.replaces !== null && <p>{props.replaces}</p>}
        <p>{words.confirmText}</p>
        {failed && (
          <p class="failed" role="alert">
            {failed}
          </p>
        )}
        <div class="answers">
          <button type="button" onClick={() => dialog.current?.close()}>
            {words.cancel}
          </button>
          <button type="button" class="main" disabled={busy} onClick={() => void change()}>
            {words.confirm}
          </button>
        </div>
      </dialog>
    </>
  );
}

interface ChangesProps {
  readonly model: ModelEntry;
  /** All of the registry: one of them has the alias now. */
  readonly models: readonly ModelEntry[];
  onChanged(text: string): void;
}

export function Changes({ model, models, onChanged }: ChangesProps): JSX.Element {
  const { texts } = useLocale();
  const { why } = usePermission('admin');
  const words = texts.models;
  const name = encodeURIComponent(model.name);
  const promotion = `/v1/models/${name}/${encodeURIComponent(model.version)}/promote`;
  const holder = (alias: Alias): string | null =>
    models.find((one) => one.name === model.name && one.aliases.includes(alias))?.version ?? null;
  const button = (label: string, alias: Alias): JSX.Element => (
    <ChangeButton
      label={label}
      question={words.confirmPromote(model.version, words.aliases[alias])}
      replaces={words.replaces(holder(alias), words.aliases[alias])}
      path={promotion}
      alias={alias}
      disabled={model.aliases.includes(alias)}
      onChanged={onChanged}
    />
  );
  return (
    <div class="changes">
      {button(words.promote, 'champion')}
      {button(words.challenge, 'challenger')}
      <ChangeButton
        label={words.rollBack}
        replaces={null}
        question={words.confirmRollBack(model.name)}
        path={`/v1/models/${name}/rollback`}
        alias="champion"
        onChanged={onChanged}
      />
      {why && <small class="quiet">{why}</small>}
    </div>
  );
}
