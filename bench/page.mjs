// What the page costs and how quick it is, in a real browser before the real service, both on this
// machine:
//
//   node bench/page.mjs [--minutes N] [--rate N]
//
// It prints the size that a browser fetches, the time to the first paint and to the first full view of
// a browser that was just started, how far the page is behind a transaction at 100 a second, and, over
// N minutes (2) at so many a second (2000), how smooth the page is and whether its memory grows.
//
// HAECHI and CHROMIUM name the binaries (build/haechi, /usr/bin/chromium). Run it from the source's root.

import { rmSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '2' }, rate: { type: 'string', default: '2000' } },
});
const MINUTES = Number(options.minutes);
const RATE = Number(options.rate);
const STARTS = 5;
const LAG_RATE = 100;
const LAG_SECONDS = 20;
/** Batches a second: as many as the stream's. */
const BATCHES = 10;
const LOOK_EVERY_MS = 15_000;

/** The tests' own way to a service and a browser. */
async function loadHarness() {
  const folder = mkdtempSync(join(tmpdir(), 'haechi-bench-'));
  const { buildSync } = createRequire(resolve('ui/package.json'))('esbuild');
  const outfile = join(folder, 'harness.mjs');
  const entryPoints = ['tests/ui/harness.ts'];
  buildSync({ entryPoints, outfile, bundle: true, platform: 'node', target: 'node18', format: 'esm' });
  try {
    return await import(outfile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const harness = await loadHarness();

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

const ms = (value) => `${Math.round(value)} ms`;

/** What one visit fetches of the page itself, compressed. */
async function measureSize(service) {
  const names = ['/', '/app.js', '/app.css', '/icon.svg'];
  let total = 0;
  for (const name of names) {
    const response = await fetch(service.url + name, { headers: { 'Accept-Encoding': 'gzip' } });
    total += Number(response.headers.get('content-length'));
    await response.arrayBuffer();
  }
  console.log(`size         ${(total / 1000).toFixed(0)} kB compressed`);
}

/** A browser of its own each time: nothing of the page is in any cache. */
async function measureStart(service) {
  const paints = [];
  const views = [];
  for (let i = 0; i < STARTS; i++) {
    const browser = await harness.startBrowser();
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 1000 } })).newPage();
    await page.addInitScript(() => {
      const full = () =>
        document.querySelector('.latest tbody tr') && document.querySelector('.figure b')?.textContent !== '–';
      const watch = new MutationObserver(() => {
        if (!full()) return;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => (window.fullAt = performance.now())));
      });
      watch.observe(document, { childList: true, subtree: true, characterData: true });
    });
    await page.goto(service.url);
    await page.waitForFunction(() => window.fullAt !== undefined);
    const [paint, view] = await page.evaluate(() => [
      performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
      window.fullAt,
    ]);
    paints.push(paint);
    views.push(view);
    await browser.close();
  }
  console.log(`first paint  median ${ms(quantile(paints, 0.5))}, worst ${ms(Math.max(...paints))}`);
  console.log(`full view    median ${ms(quantile(views, 0.5))}, worst ${ms(Math.max(...views))}`);
}

/** Records in the page when the row of each transaction was painted. */
function watchRows() {
  window.painted = [];
  const seen = new Set();
  new MutationObserver(() => {
    const fresh = [];
    for (const link of document.querySelectorAll('.latest tbody a')) {
      const number = link.getAttribute('href').split('/').pop();
      if (!seen.has(number)) fresh.push(number);
      seen.add(number);
    }
    if (fresh.length === 0) return;
    requestAnimationFrame(() =>
      setTimeout(() => {
        const at = performance.timeOrigin + performance.now();
        for (const number of fresh) window.painted.push([number, at]);
      }),
    );
  }).observe(document.querySelector('.latest'), { childList: true, subtree: true });
}

async function measureLag(service, browser, rows) {
  const { page } = await harness.openPage(browser, service);
  await page.locator('.latest tbody tr').first().waitFor();
  await page.evaluate(watchRows);
  const sent = new Map();
  const started = Date.now();
  const posts = [];
  for (let i = 0; i < LAG_RATE * LAG_SECONDS; i++) {
    const due = started + (i * 1000) / LAG_RATE;
    if (due > Date.now()) await sleep(due - Date.now());
    const number = `lag${i}`;
    sent.set(number, performance.timeOrigin + performance.now());
    const row = { ...harness.unlabelled(rows[i % rows.length]), trans_num: number };
    posts.push(harness.post(service, '/v1/transactions', [row]));
  }
  await Promise.all(posts);
  await sleep(1000);
  const painted = await page.evaluate(() => window.painted);
  const lags = painted.filter(([number]) => sent.has(number)).map(([number, at]) => at - sent.get(number));
  console.log(
    `lag          at ${LAG_RATE}/s, sent to painted: median ${ms(quantile(lags, 0.5))}, ` +
      `p99 ${ms(quantile(lags, 0.99))}, worst ${ms(Math.max(...lags))} of ${lags.length} rows`,
  );
  await page.context().close();
}

/** Sends `rate` a second until it is told to stop; returns how many it was. */
async function pour(service, rows, rate, stopped) {
  let count = 0;
  const size = Math.round(rate / BATCHES);
  const started = Date.now();
  while (!stopped()) {
    const due = started + (count / rate) * 1000;
    if (due > Date.now()) await sleep(due - Date.now());
    const batch = Array.from({ length: size }, (_, i) => ({
      ...harness.unlabelled(rows[(count + i) % rows.length]),
      trans_num: `pour${count + i}`,
    }));
    await harness.post(service, '/v1/transactions', batch);
    count += size;
  }
  return { count, seconds: (Date.now() - started) / 1000 };
}

async function measureEndurance(service, browser, rows) {
  const { page } = await harness.openPage(browser, service);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  await page.evaluate(() => {
    window.frames_ = [];
    let last = performance.now();
    const frame = (now) => {
      window.frames_.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  let stop = false;
  const poured = pour(service, rows, RATE, () => stop);
  const heaps = [];
  const until = Date.now() + MINUTES * 60_000;
  while (Date.now() < until) {
    await sleep(LOOK_EVERY_MS);
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    const metric = (name) => metrics.find((m) => m.name === name)?.value ?? NaN;
    const frames = await page.evaluate(() => window.frames_.splice(0));
    heaps.push(metric('JSHeapUsedSize'));
    console.log(
      `             heap ${(metric('JSHeapUsedSize') / 1e6).toFixed(1)} MB, ${metric('Nodes')} nodes, ` +
        `frame p95 ${ms(quantile(frames, 0.95))}, worst ${ms(Math.max(...frames))}`,
    );
  }
  stop = true;
  const { count, seconds } = await poured;
  const half = Math.floor(heaps.length / 2);
  const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length / 1e6;
  console.log(
    `endurance    ${count} transactions at ${Math.round(count / seconds)}/s: heap ` +
      `${mean(heaps.slice(0, half)).toFixed(1)} MB in the first half, ${mean(heaps.slice(half)).toFixed(1)} MB in the second`,
  );
  console.log(`said         ${await page.locator('.latest .title .quiet').innerText()}`);
  await page.context().close();
}

const world = harness.makeWorld(20_000);
let service;
let browser;
try {
  service = await harness.startService(world, 'bench');
  await harness.fill(service, world.rows.slice(0, 2000));
  await measureSize(service);
  await measureStart(service);
  browser = await harness.startBrowser();
  await measureLag(service, browser, world.rows);
  await measureEndurance(service, browser, world.rows);
} finally {
  await browser?.close();
  await harness.stopService(service);
  harness.removeWorld(world);
}
