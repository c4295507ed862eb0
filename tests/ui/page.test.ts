// The page in a real browser, before the real service: haechi makes its own data, trains two versions
// of a model and serves one; the page has to show what is posted and what is known of the versions,
// to change which one serves, and to say when the service is gone.
//
// Environment:
//   HAECHI            the binary
//   CHROMIUM          the browser (/usr/bin/chromium)
//   HAECHI_PICTURES   when set, writes the pictures of docs/images
//   HAECHI_LOOK       when set, a folder that pictures are written to

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import type { Drift } from '../../ui/src/api/drift';
import type { ModelEntry, ModelShown } from '../../ui/src/api/models';
import type { Transaction } from '../../ui/src/api/types';
import * as harness from './harness';
import { unlabelled, type Row, type Service, type World } from './harness';

const pictures = process.env['HAECHI_PICTURES'] !== undefined;
const look = process.env['HAECHI_LOOK'];
const skip = harness.whyNot();

const ROWS = 3000;
const BATCH = 100;

let world: World;
let browser: Browser;
let service: Service;
let rows: readonly Row[] = [];

function post(path: string, records: readonly object[]): Promise<void> {
  return harness.post(service, path, records);
}

function getJson<T>(path: string): Promise<T> {
  return harness.getJson<T>(service, path);
}

async function getTransactions(query: string): Promise<Transaction[]> {
  const page = await getJson<{ transactions: Transaction[] }>(`/v1/transactions?${query}`);
  return page.transactions;
}

function openPage(
  options: BrowserContextOptions,
  hash = '',
): Promise<{ page: Page; complaints: string[] }> {
  return harness.openPage(browser, service, options, hash);
}

/** How many different colours the canvas of each chart holds: a blank one holds one. */
function chartColours(page: Page): Promise<number[]> {
  return page.$$eval('.chart canvas:first-child', (canvases) =>
    canvases.map((element) => {
      const canvas = element as HTMLCanvasElement;
      const pixels = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data;
      return new Set(new Uint32Array(pixels.buffer)).size;
    }),
  );
}

before(async () => {
  if (skip) return;
  // Few trees: they tell frauds well enough, and soon enough on a busy machine.
  world = harness.makeWorld(ROWS, [8, 20]);
  rows = world.rows;
  const challenger = join(world.folder, 'models', 'xgboost', 'challenger');
  service = await harness.startService(world, 'store', '--challenger', challenger);
  browser = await harness.startBrowser();
});

after(async () => {
  await browser?.close();
  await harness.stopService(service);
  harness.removeWorld(world);
});

test('the page before the first transaction says how to start', { skip }, async () => {
  const { page, complaints } = await openPage({ locale: 'en-US' });
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await page.getByText('No transactions yet').waitFor();
  assert.equal(await page.title(), 'Live · haechi 해치');
  assert.match(await page.locator('.empty code').innerText(), new RegExp(`--to ${service.url} `));
  assert.match(await page.locator('.model').innerText(), /xgboost/);
  await page.getByRole('link', { name: 'System' }).click();
  assert.equal(await page.title(), 'System · haechi 해치');
  await page.locator('.facts > div', { hasText: /^Latency/ }).filter({ hasText: /^Latency\s*–$/ }).waitFor();
  await page.locator('.drift td', { hasText: 'too few yet' }).first().waitFor();
  assert.equal(await page.locator('.drift td', { hasText: 'much' }).count(), 0);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('what is posted moves the page', { skip }, async () => {
  const { page, complaints } = await openPage({ locale: 'en-US' });
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  for (let start = 0; start < rows.length; start += BATCH)
    await post('/v1/transactions', rows.slice(start, start + BATCH).map(unlabelled));

  const count = rows.length.toLocaleString('en-US');
  await page.locator('.figure').filter({ hasText: `Transactions${count}` }).waitFor();
  await page.locator('.latest tbody tr').first().waitFor();
  // What is in sight, and with the first scroll the rest.
  const shown = page.locator('.latest tbody tr');
  assert.ok((await shown.count()) <= 30);
  await page.locator('.latest .scroll').evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await shown.nth(51).waitFor();
  assert.ok((await shown.count()) <= 200, `${await shown.count()} rows`);
  await page.locator('.latest .scroll').evaluate((element) => element.scrollTo(0, 0));
  await shown.nth(30).waitFor({ state: 'detached' });

  const last = rows[rows.length - 1]!;
  const card = last['cc_num']!;
  const text = await page.locator('body').innerText();
  assert.ok(!text.includes(card), 'a card number is shown in full');
  await page.locator('.board .chart canvas').first().waitFor();
  for (const colours of await chartColours(page)) assert.ok(colours > 4, `${colours} colours`);
  assert.equal(await page.locator('.chart canvas').count(), 3);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('rows and alerts are the service’s, with reasons in words', { skip }, async () => {
  const { page, complaints } = await openPage({ locale: 'en-US' });
  const [latest] = await getTransactions('limit=1');
  const alerts = await getTransactions('limit=100&decision=review,decline');
  assert.ok(latest && alerts.length > 0, 'this data and model give alerts');

  const row = page.locator('.latest tbody tr').first();
  await row.waitFor();
  const text = await row.innerText();
  assert.ok(text.includes(latest.card.slice(-4)));
  assert.ok(text.includes(latest.merchant.replace(/^fraud_/, '')));
  assert.ok(text.includes(latest.amount.toLocaleString('en-US', { minimumFractionDigits: 2 })));
  assert.ok(text.includes(latest.time.slice(11, 19)));

  const alert = page.locator('.alert').first();
  assert.match(await alert.innerText(), /Review|Decline/);
  assert.ok((await alert.innerText()).includes(`Card ending ${alerts[0]!.card.slice(-4)}`));
  const [strongest] = alerts[0]!.reasons;
  assert.ok(strongest?.text);
  const line = alert.locator('.reasons li').first();
  assert.ok((await line.innerText()).includes(strongest.text.en));
  await page.getByRole('button', { name: '한국어' }).click();
  await line.filter({ hasText: strongest.text.ko }).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a label that arrives is shown', { skip }, async () => {
  const { page, complaints } = await openPage({ locale: 'en-US' });
  const alert = page.locator('.alert').first();
  await alert.waitFor();
  assert.equal(await alert.locator('.actual').count(), 0);
  const [latest] = await getTransactions('limit=1&decision=review,decline');
  await post('/v1/labels', [{ trans_num: latest!.trans_num, is_fraud: true }]);
  await alert.locator('.actual', { hasText: 'Fraud' }).waitFor();
  await page.locator('.figure').filter({ hasText: 'Labelled frauds1' }).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('language, appearance and pause follow the viewer', { skip }, async () => {
  const { page, complaints } = await openPage({ locale: 'ko-KR' });
  await page.getByRole('heading', { name: '최근 거래' }).waitFor();
  assert.equal(await page.getAttribute('html', 'lang'), 'ko');
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Latest transactions' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Latest transactions' }).waitFor();
  assert.equal(await page.getAttribute('html', 'lang'), 'en');

  const ground = (): Promise<string> =>
    page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByLabel('Appearance').selectOption('dark');
  await page.locator('html[data-theme=dark]').waitFor({ state: 'attached' });
  assert.notEqual(await ground(), light);

  const first = page.locator('.latest tbody tr').first();
  await first.waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  const before = await first.innerText();
  const another = { ...unlabelled(rows[0]!), trans_num: 'posted-while-paused', amt: '98765.43' };
  await post('/v1/transactions', [another]);
  await page.getByRole('button', { name: /Resume.*1 new/ }).waitFor();
  assert.equal(await first.innerText(), before);
  await page.getByRole('button', { name: /Resume/ }).click();
  await page.locator('.latest tbody tr').first().filter({ hasText: '98,765.43' }).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

function widthOver(page: Page): Promise<number> {
  return page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
}

test('a phone shows it all without scrolling sideways', { skip }, async () => {
  const { page, complaints } = await openPage({
    locale: 'ko-KR',
    viewport: { width: 360, height: 740 },
  });
  await page.locator('.latest tbody tr').first().waitFor();
  assert.equal(await widthOver(page), 0);
  const [version] = await getVersions();
  const path = `xgboost/${version!.version}`;
  const comparison = `#/compare/${encodeURIComponent(path)}/xgboost%40latest`;
  const [alert] = await getTransactions('limit=1&decision=review,decline');
  const transaction = `#/transactions/${alert!.trans_num}`;
  for (const hash of [transaction, '#/system', '#/models', `#/models/${path}`, comparison]) {
    await page.goto(`${service.url}/${hash}`);
    await page.locator('main .panel').last().waitFor();
    await page.waitForFunction(() => !document.querySelector('main .notice'));
    assert.equal(await widthOver(page), 0, hash);
  }
  assert.deepEqual(complaints, []);
  await page.context().close();
});

async function getVersions(): Promise<ModelEntry[]> {
  return (await getJson<{ models: ModelEntry[] }>('/v1/models')).models;
}

test('a version is chosen by keyboard, and shown as its report says', { skip }, async () => {
  const { page, complaints } = await openPage({ locale: 'en-US' });
  await page.locator('.state.live').waitFor();
  await page.getByRole('link', { name: 'Models' }).focus();
  await page.keyboard.press('Enter');
  const [latest, earlier] = await getVersions();
  assert.deepEqual(latest!.aliases, ['champion']);
  await page.locator('tr', { hasText: latest!.version }).getByText('Champion').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Models' }).getAttribute('aria-current'), 'page');

  await page.getByRole('link', { name: earlier!.version }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: earlier!.version }).waitFor();
  const { report } = await getJson<ModelShown>(`/v1/models/xgboost/${earlier!.version}`);
  const confusion = page.locator('.confusion').first();
  await confusion.waitFor();
  const { true_positives: caught, true_negatives: passed } = report!.at_threshold!;
  assert.ok((await confusion.innerText()).includes(caught.toLocaleString('en-US')));
  assert.ok((await confusion.innerText()).includes(passed.toLocaleString('en-US')));

  // Precision and recall, ROC, reliability, scores, cost, importance, SHAP, and the training curves.
  const charts = 7 + report!.training_curve!.length;
  await page.locator('.chart').nth(charts - 1).locator('canvas').first().waitFor();
  assert.equal(await page.locator('.chart').count(), charts);
  for (const colours of await chartColours(page)) assert.ok(colours > 4, `${colours} colours`);
  await page.goBack();
  await page.getByRole('heading', { name: 'Models' }).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('two versions stand side by side with what differs', { skip }, async () => {
  const [latest, earlier] = await getVersions();
  const hash = `#/models/xgboost/${earlier!.version}`;
  const { page, complaints } = await openPage({ locale: 'en-US' }, hash);
  await page.getByLabel('Compare with').selectOption(`xgboost/${latest!.version}`);
  await page.getByRole('heading', { name: 'Side by side' }).waitFor();
  const rounds = page.locator('tr', { hasText: 'num_round' });
  await rounds.waitFor();
  assert.match(await rounds.innerText(), /8\s+20/);
  const brier = (model: ModelEntry): number => model.manifest!.metrics!['brier_score']!;
  const better = brier(latest!) < brier(earlier!) ? 'better' : 'worse';
  await page.locator('tr', { hasText: 'Brier score' }).getByText(better).waitFor();

  await page.getByRole('button', { name: '한국어' }).click();
  await page.getByRole('heading', { name: '나란히 비교' }).waitFor();
  await page.locator('tr', { hasText: '브라이어 점수' }).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a promotion is asked about, done and taken back', { skip }, async () => {
  const [latest, earlier] = await getVersions();
  const hash = `#/models/xgboost/${earlier!.version}`;
  const { page, complaints } = await openPage({ locale: 'en-US' }, hash);
  const serving = (version: string): Promise<void> =>
    page.locator('header .version', { hasText: version }).waitFor();
  await serving(latest!.version);
  await page.getByRole('button', { name: 'Make champion' }).click();
  await page.getByRole('dialog').getByText(`Make ${earlier!.version} the Champion?`).waitFor();
  await page.getByRole('dialog').getByText(`It replaces ${latest!.version}, the Champion so far.`).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.deepEqual((await getVersions())[1]!.aliases, [], 'nothing changed without a yes');

  await page.getByRole('button', { name: 'Make champion' }).click();
  await page.getByRole('button', { name: 'Yes, change it' }).click();
  await page.locator('.notice.done', { hasText: earlier!.version }).waitFor();
  await page.locator('.facts .alias.champion').waitFor();
  assert.deepEqual((await getVersions())[1]!.aliases, ['champion']);
  await serving(earlier!.version);

  await page.getByRole('button', { name: 'Roll champion back' }).click();
  await page.getByRole('button', { name: 'Yes, change it' }).click();
  await serving(latest!.version);
  assert.deepEqual((await getVersions())[0]!.aliases, ['champion']);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a challenger’s live comparison stands beside the list of models', { skip }, async () => {
  const [, earlier] = await getVersions();
  const hash = `#/models/xgboost/${earlier!.version}`;
  const { page } = await openPage({ locale: 'en-US' }, hash);
  await page.getByRole('button', { name: 'Make challenger' }).click();
  await page.getByRole('dialog').getByText('There is no Challenger so far.').waitFor();
  await page.getByRole('button', { name: 'Yes, change it' }).click();
  await page.locator('.facts .alias.challenger').waitFor();
  assert.match(await page.title(), new RegExp(`xgboost ${earlier!.version} · Models`));
  await page.getByRole('link', { name: 'Models', exact: true }).click();
  const panel = page.locator('.live-comparison');
  await panel.locator('th', { hasText: earlier!.version }).waitFor();
  await panel.locator('tr', { hasText: 'Frauds caught' }).waitFor();
  if (look) await page.screenshot({ path: join(look, 'models-live.png') });
  await panel.getByRole('link', { name: 'Compare their reports' }).click();
  await page.getByRole('heading', { name: 'Side by side' }).waitFor();
  await page.context().close();
});

test('a transaction is opened by keyboard, with its reasons and its graph', { skip }, async () => {
  const { page, complaints } = await openPage({ locale: 'en-US' });
  const [alert] = await getTransactions('limit=1&decision=review,decline');
  await page.locator('.alert a').first().focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: alert!.trans_num }).waitFor();
  const reasons = page.locator('.waterfall li');
  await reasons.nth(alert!.reasons.length).waitFor();
  assert.ok((await reasons.nth(1).innerText()).includes(alert!.reasons[0]!.text!.en));
  assert.match(await page.locator('.facts').innerText(), new RegExp(`ending ${alert!.card.slice(-4)}`));

  const size = page.locator('.surroundings figcaption .quiet');
  await size.filter({ hasText: 'merchants.' }).waitFor();
  const before = await size.textContent();
  await page.locator('.surroundings summary').click();
  await page.locator('.merchants button', { hasText: 'Card ending' }).last().focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(
    (text) => document.querySelector('.surroundings figcaption .quiet')!.textContent !== text,
    before,
  );
  for (const colours of await chartColours(page)) assert.ok(colours > 4, `${colours} colours`);
  await page.goBack();
  await page.getByRole('heading', { name: 'Latest transactions' }).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('the system’s page shows health, sizes and drift', { skip }, async () => {
  const { page, complaints } = await openPage({ locale: 'en-US' }, '#/system');
  await page.getByText('Takes work').waitFor();
  const [latest] = await getVersions();
  await page.locator('.facts a', { hasText: latest!.version }).waitFor();
  const drift = await getJson<Drift>('/v1/drift');
  await page.locator('.drift tbody tr').nth(drift.features.length).waitFor();
  const [worst] = drift.features;
  const row = page.locator('.drift tbody tr').nth(1);
  assert.ok((await row.innerText()).includes(worst!.feature!.replace(/_/g, ' ')));
  await row.getByRole('button').focus();
  await page.keyboard.press('Enter');
  await page.locator('.drift h2', { hasText: worst!.feature!.replace(/_/g, ' ') }).waitFor();
  for (const colours of await chartColours(page)) assert.ok(colours > 4, `${colours} colours`);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a version that is not there is said to be none', { skip }, async () => {
  const { page, complaints } = await openPage({ locale: 'en-US' }, '#/models/xgboost/nothing');
  await page.getByText('There is no such version.').waitFor();
  assert.ok(complaints.every((complaint) => complaint.includes('404')), complaints.join());
  await page.context().close();
});

async function takePictures(): Promise<void> {
  mkdirSync('docs/images', { recursive: true });
  const options = { viewport: { width: 1440, height: 1000 } };
  const english = await openPage({ locale: 'en-US', ...options });
  const korean = await openPage({ locale: 'ko-KR', colorScheme: 'dark', ...options });
  for (let i = 0; i < 1200; i++) {
    const row = rows[i % rows.length]!;
    await post('/v1/transactions', [{ ...unlabelled(row), trans_num: `picture-${i}` }]);
    if (i % 100 === 99) {
      const alerts = await getTransactions('limit=40&decision=review,decline');
      const labels = alerts.slice(2).map(({ trans_num }) => ({ trans_num, is_fraud: true }));
      await post('/v1/labels', labels);
    }
    await sleep(40 + 20 * Math.sin(i / 60));
  }
  await sleep(1500); // the last labels arrive
  await english.page.screenshot({ path: 'docs/images/live.png' });
  await korean.page.screenshot({ path: 'docs/images/live.ko.png' });
  const [model] = await getVersions();
  const view = `#/models/xgboost/${model!.version}`;
  await takePicture(english.page, view, '.chart', 'model.png');
  await takePicture(korean.page, view, '.chart', 'model.ko.png');
  const [alert] = await getTransactions('limit=1&decision=review,decline');
  const one = `#/transactions/${alert!.trans_num}`;
  await takePicture(english.page, one, '.merchants', 'transaction.png');
  await takePicture(korean.page, one, '.merchants', 'transaction.ko.png');
  await takePicture(english.page, '#/system', '.chart', 'system.png');
  await takePicture(korean.page, '#/system', '.chart', 'system.ko.png');
  await english.page.context().close();
  await korean.page.context().close();
}

/** A picture of the view, once what it draws last is there. */
async function takePicture(page: Page, hash: string, last: string, file: string): Promise<void> {
  await page.goto(`${service.url}/${hash}`);
  await page.locator(last).last().waitFor({ state: 'attached' });
  await sleep(500); // drawn
  await page.screenshot({ path: join('docs/images', file) });
}

if (pictures) test('pictures for the documentation', { skip }, takePictures);

test('a service that ends is noticed, and so is its return', { skip }, async () => {
  const { page, complaints } = await openPage({ locale: 'en-US' });
  await page.locator('.latest tbody tr').first().waitFor();
  assert.deepEqual(complaints, []);
  await harness.stopService(service);
  await page.locator('.notice.lost').filter({ hasText: 'does not answer' }).waitFor();
  await page.locator('.state.lost').waitFor();
  assert.ok((await page.locator('.latest tbody tr').count()) > 0, 'what was known stays');

  service = await harness.startService(world, 'store', '--listen', new URL(service.url).host);
  await page.locator('.state.live').waitFor();
  assert.equal(await page.locator('.notice.lost').count(), 0);
  assert.ok((await page.locator('.latest tbody tr').count()) > 0);
  await page.context().close();
});
