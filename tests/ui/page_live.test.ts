// The live page, the page of a transaction and the sign-in in a real browser, before the real service.
//
// Environment:
//   HAECHI            the binary
//   CHROMIUM          the browser (/usr/bin/chromium)
//   HAECHI_LOOK       when set, a folder that pictures of each are written to

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import type { Board } from '../../ui/src/api/board';
import type { CardHistory } from '../../ui/src/api/card';
import type { Paths } from '../../ui/src/api/graph';
import type { Transaction } from '../../ui/src/api/types';
import { assertAccessible } from './axe';
import {
  fill,
  getJson,
  makeWorld,
  openPage,
  post,
  removeWorld,
  startBrowser,
  startService,
  stopService,
  unlabelled,
  whyNot,
  widthOver,
  type Service,
  type World,
} from './harness';

const skip = whyNot();
const look = process.env['HAECHI_LOOK'];
const ROWS = 3000;
const TOKENS = { viewer: 'viewer-token-0123456789abcdef', analyst: 'analyst-token-0123456789abcdef' };
const ADMIN = 'admin-token-0123456789abcdef';

let world: World;
let browser: Browser;
let service: Service;
/** One that asks for a sign-in. */
let guarded: Service;

before(async () => {
  if (skip) return;
  world = makeWorld(ROWS);
  const tokens = join(world.folder, 'tokens');
  writeFileSync(
    tokens,
    `vera viewer ${TOKENS.viewer}\nanna analyst ${TOKENS.analyst}\nada admin ${ADMIN}\n`,
    { mode: 0o600 },
  );
  service = await startService(world, 'open');
  guarded = await startService(world, 'guarded', '--token-file', tokens);
  await fill(service, world.rows);
  await fill(guarded, world.rows.slice(0, 500), ADMIN);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await stopService(service);
  await stopService(guarded);
  removeWorld(world);
});

async function picture(page: Page, name: string): Promise<void> {
  if (!look) return;
  mkdirSync(look, { recursive: true });
  await page.screenshot({ path: join(look, `${name}.png`), fullPage: true });
}

function board(range: string): Promise<Board> {
  return getJson<Board>(service, `/v1/board?window=${range}`);
}

function figure(page: Page, name: string): Promise<string> {
  const of = page.locator('.board .figure', { has: page.locator('dt', { hasText: name }) });
  return of.locator('b').innerText();
}

/** Those of the data, latest first; not what a test sent by itself. */
async function alerts(of: Service, token?: string): Promise<Transaction[]> {
  const path = '/v1/transactions?limit=500&decision=review,decline';
  const numbers = new Set(world.rows.map((row) => row['trans_num']));
  const { transactions } = await getJson<{ transactions: Transaction[] }>(of, path, token);
  return transactions.filter((row) => numbers.has(row.trans_num));
}

test('what a range of time comes to is shown as the service has it', { skip }, async () => {
  const { page, complaints } = await openPage(browser, service);
  await page.locator('.ranking').first().waitFor();
  await page.getByRole('button', { name: 'All', exact: true }).click();
  const all = await board('all');
  assert.equal(all.transactions, ROWS);
  const count = all.transactions.toLocaleString('en-US');
  await page.locator('.board .figure', { hasText: `Transactions${count}` }).waitFor();
  assert.equal(await figure(page, 'Frauds'), all.frauds.toLocaleString('en-US'));
  assert.equal(await figure(page, 'Not fraud'), all.not_frauds.toLocaleString('en-US'));
  const percent = (value: number): string => `${(value * 100).toFixed(2)}%`;
  assert.equal(await figure(page, 'Precision'), percent(all.quality.precision!));
  assert.equal(await figure(page, 'Recall'), percent(all.quality.recall!));

  const busiest = page.locator('.ranking').first().locator('tbody tr');
  assert.equal(await busiest.count(), all.merchants.length);
  const [first] = all.merchants;
  const text = await busiest.first().innerText();
  assert.ok(text.includes(first!.merchant.replace(/^fraud_/, '')), text);
  assert.ok(text.includes(first!.transactions.toLocaleString('en-US')), text);
  const cells = page.locator('.heat polygon');
  assert.equal(await cells.count(), all.places.filter((place) => place.frauds > 0).length);
  await page.getByRole('group', { name: 'What the map shows' }).getByText('Transactions').click();
  assert.equal(await cells.count(), all.places.length);

  await page.getByRole('button', { name: '1 h', exact: true }).click();
  const hour = (await board('1h')).transactions.toLocaleString('en-US');
  await page.locator('.board .figure', { hasText: `Transactions${hour}` }).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a label that comes moves precision and recall', { skip }, async () => {
  const { page } = await openPage(browser, service);
  await page.getByRole('button', { name: 'All', exact: true }).click();
  const frauds = (await board('all')).frauds;
  const shown = page.locator('.board .figure', { hasText: 'Frauds' }).locator('b');
  await shown.filter({ hasText: frauds.toLocaleString('en-US') }).waitFor();
  const before = await figure(page, 'Precision');
  const alert = (await alerts(service)).find((row) => row.is_fraud === true)!;
  await post(service, '/v1/labels', [{ trans_num: alert.trans_num, is_fraud: false }]);
  await shown.filter({ hasText: (frauds - 1).toLocaleString('en-US') }).waitFor();
  assert.notEqual(await figure(page, 'Precision'), before);
  await post(service, '/v1/labels', [{ trans_num: alert.trans_num, is_fraud: true }]);
  await shown.filter({ hasText: frauds.toLocaleString('en-US') }).waitFor();
  await page.context().close();
});

test('the lists are narrowed, also to what comes later', { skip }, async () => {
  const { page, complaints } = await openPage(browser, service);
  const rows = page.locator('.latest tbody tr');
  await rows.first().waitFor();
  await page.getByLabel('Decision').selectOption('decline');
  await page.waitForFunction(() => !document.querySelector('.latest tbody tr:not(.decline)'));
  await rows.first().waitFor();
  await page.getByLabel('Decision').selectOption('');
  await page.getByLabel('Amount from').fill('77777');
  await page.getByText('Nothing that came lately matches.').first().waitFor();
  const dear = { ...unlabelled(world.rows[0]!), trans_num: 'dear-one', amt: '88888.88' };
  await post(service, '/v1/transactions', [{ ...dear, trans_num: 'cheap-one', amt: '1' }, dear]);
  await rows.filter({ hasText: '88,888.88' }).waitFor();
  assert.equal(await rows.count(), 1);
  await page.getByRole('button', { name: 'Clear' }).click();
  await rows.nth(20).waitFor();
  await page.getByRole('searchbox').fill('no such merchant');
  await page.waitForFunction(() => !document.querySelector('.latest tbody tr'));
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a flood is sampled, said to be, and leaves the page small', { skip }, async () => {
  const { page, complaints } = await openPage(browser, service);
  await page.locator('.latest tbody tr').first().waitFor();
  for (let i = 0; i < 10; i++) {
    const batch = world.rows.slice(i * 200, i * 200 + 200);
    await post(service, '/v1/transactions', batch.map((row, j) => ({ ...unlabelled(row), trans_num: `flood-${i}-${j}` })));
  }
  await page.locator('.sampled', { hasText: 'of what comes' }).waitFor();
  assert.ok((await page.locator('.latest tbody tr').count()) <= 200);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a row that has the focus keeps it while others come above it', { skip }, async () => {
  const { page, complaints } = await openPage(browser, service);
  const link = page.locator('.latest tbody a').first();
  await link.focus();
  let place = 0;
  const below = (than: number): number => {
    const shown = [...document.querySelectorAll('.latest tbody tr')];
    const at = shown.findIndex((row) => row.contains(document.activeElement));
    return at > than ? at : 0;
  };
  for (let i = 0; i < 5; i++) {
    const batch = world.rows.slice(i * 20, i * 20 + 20);
    await post(service, '/v1/transactions', batch.map((row, j) => ({ ...unlabelled(row), trans_num: `above-${i}-${j}` })));
    place = await (await page.waitForFunction(below, place)).jsonValue();
  }
  await page.waitForFunction(below, 30); // further down than what is drawn without
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a transaction stands beside its card’s usual, time line and places', { skip }, async () => {
  const [alert] = await alerts(service);
  const hash = `#/transactions/${alert!.trans_num}`;
  const { page, complaints } = await openPage(browser, service, {}, hash);
  const path = `/v1/transactions/${alert!.trans_num}/card_history?limit=60`;
  const { transactions } = await getJson<CardHistory>(service, path);
  const table = page.locator('.history tbody tr');
  await table.first().waitFor();
  assert.equal(await table.count(), transactions.length);
  assert.equal(await page.locator('.history tr.chosen').count(), 1);
  assert.equal(await page.locator('.places .dot').count(), transactions.length);
  await page.getByRole('row', { name: /Home to merchant/ }).waitFor();
  await page.locator('.waterfall li small').first().waitFor();

  const from = `transaction:${alert!.trans_num}`;
  const answer = await fetch(`${service.url}/v1/graph/paths`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ from, to_fraud: true, length: 4, limit: 3 }),
  });
  const { paths } = (await answer.json()) as Paths;
  await page.locator('.paths li').first().waitFor();
  assert.equal(await page.locator('.paths li').count(), paths.length);

  const other = page.locator('.history tbody a').first();
  await other.focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction((was) => location.hash !== was, hash);
  await page.locator('.history tr.chosen').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.hasAttribute('data-heading')), true);
  assert.match(await page.title(), /^Transaction/);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a card’s number is shown in full on request, and hidden again', { skip }, async () => {
  const [alert] = await alerts(service);
  const { page, complaints } = await openPage(browser, service, {}, `#/transactions/${alert!.trans_num}`);
  const row = world.rows.find((one) => one['trans_num'] === alert!.trans_num)!;
  const number = row['cc_num']!.replace(/(.{4})(?=.)/g, '$1 ');
  await page.getByRole('button', { name: 'Show in full' }).click();
  await page.getByText(number).waitFor();
  await page.getByRole('button', { name: 'Hide' }).click();
  await page.getByText(number).waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  await page.context().close();
});

async function signInAs(page: Page, token: string): Promise<void> {
  await page.getByLabel('API token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('nothing is seen before a sign-in, and a wrong token is said to be', { skip }, async () => {
  const { page } = await openPage(browser, guarded);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await page.locator('nav, .figure').count(), 0);
  await assertAccessible(page, 'sign-in');
  await picture(page, 'sign-in');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: 'Enter a token.' }).waitFor();
  await signInAs(page, 'not-a-token-of-this-service');
  await page.getByRole('alert').filter({ hasText: 'does not know this token' }).waitFor();
  assert.equal(await page.getByLabel('API token').inputValue(), '');
  await signInAs(page, TOKENS.viewer);
  await page.locator('.identity', { hasText: 'vera' }).getByText('viewer').waitFor();
  await page.locator('.latest tbody tr').first().waitFor();
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(!kept.includes(TOKENS.viewer));
  await page.context().close();
});

test('what a role may not do is disabled, with the reason', { skip }, async () => {
  const [alert] = await alerts(guarded, ADMIN);
  const { page } = await openPage(browser, guarded, {}, `#/transactions/${alert!.trans_num}`);
  await signInAs(page, TOKENS.viewer);
  const show = page.getByRole('button', { name: 'Show in full' });
  await show.waitFor();
  assert.ok(await show.isDisabled());
  await page.getByText('Needs the role “analyst”.').waitFor();
  await page.goto(`${guarded.url}/#/models`);
  await page.locator('.models a').first().click();
  const promote = page.getByRole('button', { name: 'Make challenger' });
  await promote.waitFor();
  assert.ok(await promote.isDisabled());
  await page.getByText('Needs the role “admin”.').waitFor();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await signInAs(page, TOKENS.analyst);
  await page.goto(`${guarded.url}/#/transactions/${alert!.trans_num}`);
  await page.getByRole('button', { name: 'Show in full' }).click();
  await page.getByRole('button', { name: 'Hide' }).waitFor();
  await page.context().close();
});

test('a session that ends in the middle of work leads to a sign-in and back', { skip }, async () => {
  const [alert] = await alerts(guarded, ADMIN);
  const { page } = await openPage(browser, guarded, {}, `#/transactions/${alert!.trans_num}`);
  await signInAs(page, TOKENS.analyst);
  await page.locator('.history tbody tr').first().waitFor();
  await page.context().clearCookies();
  await page.getByRole('dialog').getByText('Your session has ended.').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor(); // a browser may close it, and it comes back
  assert.ok(await page.locator('.history tbody tr').first().isHidden(), 'nobody reads on behind it');
  await picture(page, 'session-ended');
  await page.locator('.history').evaluate((here) => here.setAttribute('data-before', ''));
  await signInAs(page, TOKENS.analyst);
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.ok(await page.locator('.history[data-before] tbody tr').first().isVisible(), 'the work stays');
  await page.locator('.state.live').waitFor();
  await page.getByRole('button', { name: 'Show in full' }).click();
  await page.getByRole('button', { name: 'Hide' }).waitFor();
  await page.context().close();
});

test('who signs in after another’s session ended sees nothing of what was there', { skip }, async () => {
  const { page } = await openPage(browser, guarded, {}, '#/alerts');
  await signInAs(page, TOKENS.analyst);
  // Every alert here has its label.
  await page.getByRole('button', { name: /^Fraud/ }).click();
  await page.locator('.rows .row').first().click();
  await page.getByLabel('Write a note').fill('half a thought');
  await page.context().clearCookies();
  await page.getByRole('dialog').getByText('Your session has ended.').waitFor();
  await signInAs(page, TOKENS.viewer);
  await page.locator('.identity', { hasText: 'vera' }).waitFor();
  await page.getByText('Nothing waits.').waitFor();
  assert.equal(await page.getByLabel('Write a note').count(), 0);
  assert.equal(await page.getByRole('button', { name: /^Fraud/ }).getAttribute('aria-pressed'), 'false');
  await page.context().close();
});

const LOOKS: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', {}],
  ['dark', { colorScheme: 'dark', locale: 'ko-KR' }],
  ['phone', { locale: 'ko-KR', viewport: { width: 360, height: 740 } }],
];

for (const [name, options] of LOOKS)
  test(`axe finds nothing serious, and nothing is cut off: ${name}`, { skip }, async () => {
    const [alert] = await alerts(service);
    const views = { live: '', transaction: `#/transactions/${alert!.trans_num}`, system: '#/system', models: '#/models' };
    const { page, complaints } = await openPage(browser, service, options);
    await page.getByRole('button', { name: /^(All|전체)$/ }).click();
    await page.locator('.ranking').nth(2).waitFor();
    for (const [view, hash] of Object.entries(views)) {
      await page.goto(`${service.url}/${hash}`);
      await page.locator('main .panel').first().waitFor();
      await page.waitForFunction(() => !document.querySelector('main .notice, [aria-busy=true]'));
      if (view === 'transaction') await page.locator('.paths').waitFor();
      await assertAccessible(page, `${view}, ${name}`);
      assert.equal(await widthOver(page), 0, view);
      if (name === 'phone') assert.ok((await page.locator('header').boundingBox())!.height < 110, 'a low header');
      await picture(page, `${view}-${name}`);
    }
    assert.deepEqual(complaints, []);
    await page.context().close();
  });
