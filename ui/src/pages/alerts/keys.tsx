// What the keys of the page do, and the switch that turns single keys off.

import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { useLocale } from '../../context';

type Named = keyof ReturnType<typeof useLocale>['texts']['queue']['key'];

const KEYS: readonly (readonly [keys: readonly string[], name: Named])[] = [
  [['j', 'k', '↓', '↑'], 'next'],
  [['Enter', 'Esc'], 'open'],
  [['f'], 'fraud'],
  [['n'], 'not_fraud'],
  [['r'], 'in_review'],
  [['a'], 'assign'],
  [['x'], 'select'],
  [['z'], 'undo'],
  [['c'], 'note'],
  [['o'], 'transaction'],
  [['u'], 'refresh'],
  [['/'], 'search'],
  [['?'], 'help'],
];

interface KeysDialogProps {
  readonly on: boolean;
  onSwitch(on: boolean): void;
  onClose(): void;
}

export function KeysDialog({ on, onSwitch, onClose }: KeysDialogProps): JSX.Element {
  const words = useLocale().texts.queue;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="keys" aria-labelledby="keys" onClose={onClose}>
      <h2 id="keys">{words.keysTitle}</h2>
      <dl>
        {KEYS.map(([keys, name]) => (
          <div key={name}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{words.key[name]}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input type="checkbox" checked={on} onChange={(event) => onSwitch(event.currentTarget.checked)} />
        {words.keysSwitch}
      </label>
      <p class="quiet">{words.keysText}</p>
      <div class="answers">
        <button type="button" class="main" onClick={() => dialog.current?.close()}>
          {words.close}
        </button>
      </div>
    </dialog>
  );
}
