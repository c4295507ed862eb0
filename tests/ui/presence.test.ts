// Whether somebody is at the page: what a request says of it, and what counts as somebody.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ATTENDED_MS, Presence } from '../../ui/src/api/presence';

test('who opens the page is there, for a while', () => {
  const presence = new Presence(1000);
  assert.deepEqual(presence.headers(1000 + ATTENDED_MS), {});
  assert.deepEqual(presence.headers(1001 + ATTENDED_MS), { 'X-Haechi-Unattended': 'true' });
});

test('a key, a pointer or a touch is somebody; what the page does is not', () => {
  for (const kind of ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchmove']) {
    const presence = new Presence(0);
    const page = new EventTarget();
    presence.watch(page);
    page.dispatchEvent(new Event('scroll'));
    page.dispatchEvent(new Event('focus'));
    assert.equal(presence.unattended(), true);
    page.dispatchEvent(new Event(kind));
    assert.equal(presence.unattended(), false, kind);
  }
});
