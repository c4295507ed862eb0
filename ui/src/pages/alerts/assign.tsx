// To whom an alert is given: those who may work on alerts, as the service knows them.

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { useResource } from '../../api/resource';
import { useLocale } from '../../context';

/** In the order of the alphabet; empty before the answer, and for who may not ask. */
export function usePeople(may: boolean): readonly string[] {
  const { language } = useLocale();
  const { data } = useResource<{ readonly people: readonly string[] }>(may ? '/v1/people' : null, '');
  return useMemo(() => [...(data?.people ?? [])].sort((a, b) => a.localeCompare(b, language)), [data, language]);
}

/** No name has a space in it. */
const NOBODY = ' ';

interface AssignToProps {
  readonly people: readonly string[];
  readonly disabled: boolean;
  onAssign(name: string | null): void;
}

/** A choice that acts at once, and then shows its label again. */
export function AssignTo({ people, disabled, onAssign }: AssignToProps): JSX.Element {
  const words = useLocale().texts.queue;
  return (
    <select
      class="assign-to"
      aria-label={words.assignTo}
      value=""
      disabled={disabled}
      onChange={(event) => {
        const name = event.currentTarget.value;
        event.currentTarget.value = '';
        if (name !== '') onAssign(name === NOBODY ? null : name);
      }}
    >
      <option value="">{words.assignTo}</option>
      {people.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
      <option value={NOBODY}>{words.nobody}</option>
    </select>
  );
}
