// Whether somebody is at the page: a session is prolonged by what a person does, not by the page's own timers.

/** So long after the last key, click, touch or scroll somebody is taken to be there still. */
export const ATTENDED_MS = 60_000;

export class Presence {
  /** Whoever opens the page is there. */
  constructor(private last = Date.now()) {}

  note(now = Date.now()): void {
    this.last = now;
  }

  unattended(now = Date.now()): boolean {
    return now - this.last > ATTENDED_MS;
  }

  /** What a request says of it. */
  headers(now = Date.now()): Record<string, string> {
    return this.unattended(now) ? { 'X-Haechi-Unattended': 'true' } : {};
  }

  watch(target: EventTarget): void {
    const noted = () => this.note();
    for (const kind of ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchmove'])
      target.addEventListener(kind, noted, { capture: true, passive: true });
  }
}

export const presence = new Presence();
