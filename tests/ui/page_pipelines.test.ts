// Pipelines in a real browser, before the real service: a model is trained to its end and watched,
// another run is cancelled, one that failed goes on from where it failed.
//
// Environment:
//   HAECHI            the binary
//   CHROMIUM          the browser (/usr/bin/chromium)
//   HAECHI_PICTURES   when set, writes the pictures of docs/images
//   HAECHI_LOOK       when set, a folder that pictures of each state are written to

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Browser, Page } from 'playwright-core';

import type { Pipeline, Run } from '../../ui/src/api/pipelines';
import { assertAccessible } from './axe';
import {
  endRuns,
  getJson,
  makeWorld,
  openPage,
  removeWorld,
  startBrowser,
  startService,
  stopService,
  whyNot,
  widthOver,
  type Service,
  type World,
} from './harness';

const skip = whyNot();
const pictures = process.env['HAECHI_PICTURES'] !== undefined;
const look = process.env['HAECHI_LOOK'];
/** How long a training of a few trees may take on a busy machine, under a sanitizer. */
const RUN_MS = 120_000;

let world: World;
let browser: Browser;
let service: Service;

/** Our own beside those built in: one long enough to be ended, one with a schedule, one that forks. */
const OWN = `
[slow_stream]
description=Send a file slowly enough to be ended
argument.file=
argument.to=

[slow_stream/check]
run=data check \${file}

[slow_stream/stream]
run=stream \${file} --to \${to} --rate 2
after=check

[nightly]
description=Look at last night's file
argument.file=night.csv
schedule=30 3 * * mon-fri
time-zone=Asia/Seoul

[nightly/check]
run=data check \${file}

[two_ways]
description=Two checks beside each other, then a third
argument.file=

[two_ways/one]
run=data check \${file}

[two_ways/other]
run=data check \${file}

[two_ways/both]
run=data check \${file}
after=one;other
`;

before(async () => {
  if (skip) return;
  world = makeWorld(10);
  mkdirSync(join(world.folder, 'store'), { recursive: true });
  writeFileSync(join(world.folder, 'pipelines.conf'), OWN);
  service = await startService(world, 'store', '--pipelines', join(world.folder, 'pipelines.conf'));
  // Over HTTP an address may only be the file's own, which is read for each question.
  const own = OWN.replace('argument.to=', `argument.to=${service.url}`);
  writeFileSync(join(world.folder, 'pipelines.conf'), own);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await stopService(service);
  if (world) endRuns(world, 'store');
  removeWorld(world);
});

async function picture(page: Page, name: string): Promise<void> {
  if (!look) return;
  mkdirSync(look, { recursive: true });
  await page.screenshot({ path: join(look, `${name}.png`), fullPage: true });
}

function runOf(id: string): Promise<Run> {
  return getJson<Run>(service, `/v1/pipelines/runs/${id}`);
}

async function pipelineOf(name: string): Promise<Pipeline> {
  const { pipelines } = await getJson<{ pipelines: Pipeline[] }>(service, '/v1/pipelines');
  return pipelines.find((one) => one.name === name)!;
}

const step = (page: Page, name: string, state: string) =>
  page.locator(`.steps .step.${state}`, { has: page.getByText(name, { exact: true }) });

async function fillArguments(page: Page, values: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(values)) await page.locator(`#argument-${name}`).fill(value);
}

/** Runs what the form says; returns the run's name. */
async function runIt(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.waitForURL('**/#/runs/*');
  return decodeURIComponent(page.url().replace(/.*#\/runs\//, ''));
}

test('the list says what there is, and when what is scheduled runs next', { skip }, async () => {
  const { page, complaints } = await openPage(browser, service, {}, '#/pipelines');
  const row = page.locator('.pipelines-table tbody tr');
  await row.first().waitFor();
  const { pipelines } = await getJson<{ pipelines: Pipeline[] }>(service, '/v1/pipelines');
  assert.equal(await row.count(), pipelines.length);
  for (const { name, description } of pipelines) {
    const text = await row.filter({ has: page.getByText(name, { exact: true }) }).first().innerText();
    assert.ok(text.includes(description!), text);
    assert.ok(text.includes('never run'), text);
  }
  const scheduled = row.filter({ hasText: 'nightly' });
  assert.match(await scheduled.innerText(), /in \d+ (hr|days?|min)\.?[\s\S]*30 3 \* \* mon-fri \(Asia\/Seoul\)/);
  await picture(page, 'pipelines-new');
  await assertAccessible(page);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('what cannot be run is said where it is wrong', { skip }, async () => {
  const { page } = await openPage(browser, service, {}, '#/pipelines');
  await page.getByRole('link', { name: 'two_ways', exact: true }).click();
  const field = page.locator('#argument-file');
  await field.waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('Give a value.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'argument-file');
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  await assertAccessible(page);
  await field.fill('--strict');
  await page.keyboard.press('Enter');
  await page.locator('#argument-file-refusal').filter({ hasText: "begins with '-'" }).waitFor();
  await picture(page, 'pipeline-refused');
  assert.equal((await pipelineOf('two_ways')).runs, 0);
  await page.context().close();
});

test('a training is run from the page and watched to its end', { skip }, async () => {
  const { page, complaints } = await openPage(browser, service, {}, '#/pipelines/train_xgboost');
  page.context().setDefaultTimeout(RUN_MS);
  await page.locator('#argument-train').waitFor();
  assert.equal(await page.locator('#argument-rounds').inputValue(), '300', 'defaults are there');
  await fillArguments(page, {
    train: join(world.folder, 'data', 'fraudTrain.csv'),
    models: join(world.folder, 'models'),
    rounds: '40',
  });
  const id = await runIt(page);
  await page.locator('.steps .step').nth(2).waitFor();
  await step(page, 'train', 'running').or(step(page, 'train', 'succeeded')).first().waitFor();
  await assertAccessible(page);
  await page.locator('.run-state.succeeded').first().waitFor();
  const run = await runOf(id);
  assert.equal(run.state, 'succeeded');
  for (const { name } of run.steps) await step(page, name, 'succeeded').waitFor();
  await page.locator('.run-about').getByText('3 of 3 steps').waitFor();
  const model = page.locator('.run-about a', { hasText: run.model!.version });
  await model.waitFor();

  await step(page, 'train', 'succeeded').click();
  const log = page.locator('.log-text pre');
  await log.filter({ hasText: run.model!.version }).waitFor();
  const { text } = await getJson<{ text: string }>(service, `/v1/pipelines/runs/${id}/steps/train/log?from=0`);
  assert.equal(await log.textContent(), text);
  await picture(page, 'run');
  await model.click();
  await page.getByRole('heading', { name: run.model!.version }).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('the log follows its end until the reader scrolls up', { skip }, async () => {
  const { page } = await openPage(browser, service, { viewport: { width: 1440, height: 500 } }, '#/pipelines/slow_stream');
  await page.locator('#argument-file').waitFor();
  await fillArguments(page, { file: join(world.folder, 'data', 'fraudTest.csv') });
  await runIt(page);
  const following = page.locator('.follow');
  await step(page, 'check', 'succeeded').click();
  await page.locator('.log-text pre').waitFor();
  await following.waitFor({ state: 'detached' }); // of what is at its end nothing more comes
  await step(page, 'stream', 'running').click();
  await following.waitFor();
  const frame = page.locator('.log-text');
  const bottom = (): Promise<number> =>
    frame.evaluate((at) => at.scrollHeight - at.clientHeight - at.scrollTop);
  assert.ok((await bottom()) <= 24, 'the end is in sight');
  assert.equal(await following.getAttribute('aria-pressed'), 'true');
  if (await frame.evaluate((at) => at.scrollHeight > at.clientHeight + 60)) {
    await frame.evaluate((at) => at.scrollTo(0, 0));
    await page.locator('.follow[aria-pressed=false]').waitFor();
    await following.click();
    await page.locator('.follow[aria-pressed=true]').waitFor();
    assert.ok((await bottom()) <= 24);
  }
  await page.context().close();
});

test('runs are narrowed to a pipeline and an outcome', { skip }, async () => {
  const { page, complaints } = await openPage(browser, service, {}, '#/pipelines');
  const shown = page.locator('.runs-table tbody tr');
  await shown.nth(1).waitFor();
  const pipeline = page.getByLabel('Pipeline', { exact: true });
  await pipeline.focus();
  await pipeline.selectOption('train_xgboost');
  await page.waitForFunction(() => document.querySelectorAll('.runs-table tbody tr').length === 1);
  await shown.getByText('train_xgboost').waitFor();
  assert.ok(await pipeline.evaluate((select) => select === document.activeElement), 'the focus stays in the filter');
  await page.getByLabel('Outcome').selectOption('cancelled');
  await page.getByText('None of the latest 200 runs matches.').waitFor();
  await picture(page, 'runs-narrowed');
  await assertAccessible(page);
  await page.getByLabel('Outcome').selectOption('any');
  await pipeline.selectOption('');
  await shown.nth(1).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a run is ended after a question, and says so', { skip }, async () => {
  const [running] = (await getJson<{ runs: Run[] }>(service, '/v1/pipelines/runs?pipeline=slow_stream')).runs;
  assert.equal(running!.state, 'running');
  const { page, complaints } = await openPage(browser, service, {}, '#/pipelines');
  await page.locator('.runs-table').getByRole('link', { name: running!.id }).click();
  await step(page, 'stream', 'running').waitFor();
  await picture(page, 'run-running');
  await page.getByRole('button', { name: 'Cancel run' }).click();
  await page.getByText('End it?').waitFor();
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Let it run' }).click();
  assert.equal((await runOf(running!.id)).state, 'running', 'nothing ended without a yes');
  await page.getByRole('button', { name: 'Cancel run' }).click();
  await page.getByRole('button', { name: 'Yes, end it' }).click();
  await step(page, 'stream', 'cancelled').waitFor();
  assert.equal((await runOf(running!.id)).state, 'cancelled');
  await page.getByRole('button', { name: 'Retry from “stream”' }).waitFor();
  await picture(page, 'run-cancelled');
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('a run that failed goes on from the step that failed', { skip }, async () => {
  const file = join(world.folder, 'later.csv');
  const { page, complaints } = await openPage(browser, service, {}, '#/pipelines/two_ways');
  page.context().setDefaultTimeout(RUN_MS);
  await page.locator('#argument-file').waitFor();
  await fillArguments(page, { file });
  const id = await runIt(page);
  await page.locator('.run-about .run-state.failed').waitFor();
  await page.locator('.log-text pre').filter({ hasText: 'later.csv' }).waitFor();
  await page.locator('.log').getByText(/exit status \d+/).waitFor();
  await picture(page, 'run-failed');
  await assertAccessible(page);

  renameSync(join(world.folder, 'data', 'fraudTest.csv'), file);
  await page.getByRole('button', { name: /^Retry from/ }).click();
  await page.locator('.run-about .run-state.succeeded').waitFor();
  const run = await runOf(id);
  assert.deepEqual([run.state, run.attempt], ['succeeded', 2]);
  await page.getByRole('button', { name: 'Run again with these arguments' }).click();
  await page.locator('#argument-file').waitFor();
  assert.equal(await page.locator('#argument-file').inputValue(), file);
  await page.locator('.runs-table').getByRole('link', { name: id }).waitFor();
  const [succeeded] = [await pipelineOf('two_ways')];
  assert.equal(succeeded!.succeeded, 1);
  await page.locator('.facts').getByText('1 of 1').waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('in Korean, in the dark, on a phone, with nothing serious to find', { skip }, async () => {
  const { runs } = await getJson<{ runs: Run[] }>(service, '/v1/pipelines/runs');
  const { page, complaints } = await openPage(
    browser,
    service,
    { locale: 'ko-KR', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
    '#/pipelines',
  );
  await page.getByRole('heading', { name: '파이프라인', exact: true }).waitFor();
  await page.locator('.run-state.cancelled', { hasText: '사용자 중단' }).first().waitFor();
  assert.equal(await widthOver(page), 0);
  await picture(page, 'pipelines-phone');
  await assertAccessible(page);
  for (const hash of ['#/pipelines/train_ensemble', `#/runs/${runs[0]!.id}`]) {
    await page.goto(`${service.url}/${hash}`);
    await page.locator('.steps .step').first().waitFor();
    assert.equal(await widthOver(page), 0, hash);
    await picture(page, `phone-${hash.split('/')[1]}`);
    await assertAccessible(page, hash);
  }
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('what is not there is said to be none', { skip }, async () => {
  const { page } = await openPage(browser, service, {}, '#/runs/20200101-000000-000000');
  await page.getByText('There is no such run.').waitFor();
  await page.goto(`${service.url}/#/pipelines/nothing`);
  await page.getByText('There is no such pipeline.').waitFor();
  await page.context().close();
});

async function takePictures(): Promise<void> {
  mkdirSync('docs/images', { recursive: true });
  const { runs } = await getJson<{ runs: Run[] }>(service, '/v1/pipelines/runs?pipeline=train_xgboost');
  const languages = [
    [{ locale: 'en-US' }, ''],
    [{ locale: 'ko-KR', colorScheme: 'dark' }, '.ko'],
  ] as const;
  for (const [options, end] of languages) {
    const { page } = await openPage(browser, service, options, '#/pipelines');
    await page.locator('.runs-table tbody tr').first().waitFor();
    await page.screenshot({ path: join('docs/images', `pipelines${end}.png`) });
    await page.goto(`${service.url}/#/runs/${runs[0]!.id}`);
    await page.locator('.steps .step').nth(1).click();
    await page.locator('.log-text pre').waitFor();
    await sleep(500); // drawn
    await page.screenshot({ path: join('docs/images', `run${end}.png`) });
    await page.context().close();
  }
}

if (pictures) test('pictures for the documentation', { skip }, takePictures);

test('a service that ends is noticed, and the runs are there when it is back', { skip }, async () => {
  const { page } = await openPage(browser, service, {}, '#/pipelines');
  await page.locator('.runs-table tbody tr').first().waitFor();
  const host = new URL(service.url).host;
  await stopService(service);
  await page.locator('.notice.lost').filter({ hasText: 'does not answer' }).waitFor();
  assert.ok((await page.locator('.runs-table tbody tr').count()) > 0, 'what was known stays');
  const conf = join(world.folder, 'pipelines.conf');
  service = await startService(world, 'store', '--pipelines', conf, '--listen', host);
  await page.locator('.state.live').waitFor();
  assert.equal(await page.locator('.notice.lost').count(), 0);
  await page.locator('.runs-table tbody tr').first().waitFor();
  await page.context().close();
});
