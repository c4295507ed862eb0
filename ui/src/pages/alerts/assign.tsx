// To whom an alert is given: those who may work on alerts, as the service knows them.

import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';

import { useResource } from '../../api/resource';
import { useLocale } from '../../context';
import type { Connection } from '../../state/live';

/** In the order of the alphabet; empty before the answer, and for who may not ask. */
export function usePeople(may: boolean, connection: Connection): readonly string[] {
  const { language } = useLocale();
  const { data } = useResource<{ readonly people: readonly string[] }>(may ? '/v1/people' : null, connection);
  return useMemo(() => [...(data?.people ?? [])].sort((a, b) => a.localeCompare(b, language)), [data, language]);
}

/** No name has a space in it. */
const NOBODY = ' ';

interface AssignToProps {
  readonly people: readonly string[];
  readonly disabled: boolean;
  onAssign(name: string | null): void;
}

/** A choice and the button that makes it: who only looks through the names assigns nothing. */
export function AssignTo({ people, disabled, onAssign }: AssignToProps): JSX.Element {
  const words = useLocale().texts.queue;
  const [name, setName] = useState('');
  const choice = useRef<HTMLSelectElement>(null);
  const assign = (): void => {
    if (name === '') return choice.current?.focus();
    setName('');
    onAssign(name === NOBODY ? null : name);
  };
  return (
    <span class="assign-to">
      <select
        ref={choice}
        aria-label={words.assignTo}
        value={name}
        disabled={disabled}
        onChange={(event) => setName(event.currentTarget.value)}
      >
        <option value="">{words.assignTo}</option>
        {people.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
        <option value={NOBODY}>{words.nobody}</option>
      </select>
      <button type="button" disabled={disabled} onClick={assign}>
        {words.assign}
      </button>
    </span>
  );
}
