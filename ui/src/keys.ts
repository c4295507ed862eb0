// Keys that act on a page while nothing is being written. Single characters can be switched off, as
// those who dictate to their browser need (WCAG 2.1.4).

import { useEffect, useRef } from 'preact/hooks';

import { readSetting, writeSetting } from './settings';

const KEYS_KEY = 'haechi.keys';

export function keysSwitchedOn(): boolean {
  return readSetting(KEYS_KEY) !== 'off';
}

export function switchKeys(on: boolean): void {
  writeSetting(KEYS_KEY, on ? 'on' : 'off');
}

/** What is typed into; a box that is ticked is not. */
function isField(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement && target.type === 'checkbox') return false;
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** What moves goes on while its key is held; anything else happens once a press. */
const HELD = new Set(['j', 'k', 'ArrowDown', 'ArrowUp']);

/**
 * The key as a Latin keyboard names it: with a Korean one the letter of the same place. Characters
 * keep their own names, so that "?" is found wherever it lies.
 */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'code'>): string {
  if (/^[!-~]$/.test(event.key)) return event.key.toLowerCase();
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  const composed = event.key === 'Process' || /^[^\u0000-\u007f]$/.test(event.key);
  return composed && letter ? letter.toLowerCase() : event.key;
}

/** Returns whether it did something with the key: then nothing else does. */
export type KeyAction = (event: KeyboardEvent) => boolean | void;

/** Calls the action of a key's name. Keys of one character only while `characters` is true. */
export function useKeys(actions: Readonly<Record<string, KeyAction>>, characters: boolean): void {
  const now = useRef({ actions, characters });
  now.current = { actions, characters };
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const name = keyName(event);
      if (document.querySelector('dialog[open]')) return;
      if (isField(event.target) && name !== 'Escape') return;
      if (event.repeat && !HELD.has(name)) return;
      if (name.length === 1 && !now.current.characters) return;
      const action = now.current.actions[name];
      if (action && action(event) !== false) event.preventDefault();
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, []);
}
