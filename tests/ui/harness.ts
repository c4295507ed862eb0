// What tests of the page in a real browser share: a real service on data of haechi's own making, and
// pages whose every complaint is kept.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

// The working folder is the source's root.
const require = createRequire(resolve('ui/package.json'));
const { chromium } = require('playwright-core') as typeof import('playwright-core');

const haechi = process.env['HAECHI'] ?? resolve('build/haechi');
const browserPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** How long something may take to appear; on a busy machine, under a sanitizer. */
export const WAIT_MS = 40_000;

export function whyNot(): string | false {
  return existsSync(browserPath) ? false : `${browserPath} is not there`;
}

export type Row = Record<string, string>;

/** The published files quote no field that holds a comma unless they must: this reads both. */
function splitCsvRow(line: string): string[] {
  const fields = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g) ?? [];
  return fields.map((field) => field.replace(/,$/, '').replace(/^"(.*)"$/, '$1').replace(/""/g, '"'));
}

function readRows(path: string, count: number): Row[] {
  const [head = '', ...lines] = readFileSync(path, 'utf8').split('\n');
  const names = splitCsvRow(head);
  return lines
    .filter((line) => line !== '')
    .slice(0, count)
    .map((line) => {
      const values = splitCsvRow(line);
      return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']).filter(([n]) => n));
    });
}

/** A label comes later, as in life: the transaction itself is sent without. */
export function unlabelled(row: Row): Row {
  const { is_fraud: _, ...rest } = row;
  return rest;
}

export interface World {
  /** For whatever a test needs; gone at the end. */
  readonly folder: string;
  readonly model: string;
  /** Transactions to send, in order. */
  readonly rows: readonly Row[];
}

/** Makes data and a version of a model for each number of trees, the last of them the champion. */
export function makeWorld(count: number, rounds: readonly number[] = [20]): World {
  const folder = mkdtempSync(join(tmpdir(), 'haechi-page-'));
  const data = join(folder, 'data');
  const models = join(folder, 'models');
  const run = (...args: string[]): Buffer => execFileSync(haechi, args, { stdio: 'pipe' });
  run('data', 'generate', '--out', data, '--cards', '80', '--days', '60', '--seed', '11');
  for (const round of rounds) {
    const trees = ['--param', `num_round=${round}`, '--param', 'nthread=1'];
    run('train', 'xgboost', ...trees, '--train', join(data, 'fraudTrain.csv'), '--models', models);
    run('models', 'promote', 'xgboost@latest', '--models', models);
  }
  const rows = readRows(join(data, 'fraudTest.csv'), count);
  return { folder, model: join(models, 'xgboost', 'champion'), rows };
}

export function removeWorld(world: World | undefined): void {
  if (world) rmSync(world.folder, { recursive: true, force: true });
}

/** Runs go on when the service ends: this ends those that a test left, when it failed half way. */
export function endRuns(world: World, store: string): void {
  const cancel = ['pipeline', 'cancel', '--data-dir', join(world.folder, store)];
  while (spawnSync(haechi, cancel).status === 0);
}

export interface Service {
  readonly process: ChildProcess;
  readonly url: string;
}

/** Starts the service and waits until it says where it listens. */
export async function startService(world: World, store: string, ...more: string[]): Promise<Service> {
  const args = ['serve', '--listen', '127.0.0.1:0', '--data-dir', join(world.folder, store)];
  const child = spawn(haechi, [...args, '--model', world.model, ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  const url = await new Promise<string>((found, failed) => {
    child.stderr!.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const match = /listening on (http:\/\/\S+?)\/?\s/.exec(said);
      if (match) found(match[1]!);
    });
    child.once('exit', (status) => failed(new Error(`haechi serve ended (${status}): ${said}`)));
  });
  return { process: child, url };
}

export async function stopService(running: Service | undefined): Promise<void> {
  if (!running || running.process.exitCode !== null) return;
  const ended = new Promise((done) => running.process.once('exit', done));
  running.process.kill('SIGTERM');
  await ended;
}

export async function post(
  service: Service,
  path: string,
  records: readonly object[],
  token?: string,
): Promise<void> {
  const response = await fetch(service.url + path, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-ndjson',
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    },
    body: records.map((record) => JSON.stringify(record)).join('\n'),
  });
  assert.equal(response.status, 200, await response.text());
}

const BATCH = 100;

/** Sends the transactions, and then what is known of them. */
export async function fill(service: Service, rows: readonly Row[], token?: string): Promise<void> {
  for (let start = 0; start < rows.length; start += BATCH) {
    const batch = rows.slice(start, start + BATCH);
    await post(service, '/v1/transactions', batch.map(unlabelled), token);
    const labels = batch.map((row) => ({
      trans_num: row['trans_num'],
      is_fraud: row['is_fraud'] === '1',
    }));
    await post(service, '/v1/labels', labels, token);
  }
}

export async function getJson<T>(service: Service, path: string, token?: string): Promise<T> {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(service.url + path, { headers });
  assert.equal(response.status, 200, path);
  return (await response.json()) as T;
}

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-quic',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** A page whose every complaint and every request elsewhere is kept. */
export async function openPage(
  browser: Browser,
  service: Service,
  options: BrowserContextOptions = {},
  hash = '',
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 1000 },
    locale: 'en-US',
    ...options,
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  page.on('request', (request) => {
    if (!request.url().startsWith(service.url)) complaints.push(`asked ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  await page.goto(`${service.url}/${hash}`);
  return { page, complaints };
}

/** How far the page is wider than the window. */
export function widthOver(page: Page): Promise<number> {
  return page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
}
