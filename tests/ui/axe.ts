// axe-core on a page in the browser: what keeps people from using it by keyboard or screen reader,
// or from reading it. Findings that are serious or critical fail the test; lesser ones do not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Page } from 'playwright-core';

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}

// The working folder is the source's root.
let source = '';
function axeSource(): string {
  source ||= readFileSync(resolve('ui/node_modules/axe-core/axe.min.js'), 'utf8');
  return source;
}

/** What axe finds serious or critical on the page as it stands, one line each. */
export async function findings(page: Page): Promise<string[]> {
  // Evaluated by the debugger: the page's content security policy lets no other script in.
  await page.evaluate(axeSource());
  const violations = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations)",
  )) as Finding[];
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, help, nodes }) => {
      const places = nodes.slice(0, 5).map((node) => `${node.target.join(' ')}: ${node.failureSummary}`);
      return `${impact} ${id}: ${help} (${nodes.length})\n  ${places.join('\n  ')}`;
    });
}

/** Fails, naming the findings, when the page as it stands has any that is serious or critical. */
export async function assertAccessible(page: Page, what = page.url()): Promise<void> {
  const found = await findings(page);
  assert.equal(found.length, 0, `${what}:\n${found.join('\n')}`);
}
