// Runs the page's tests, speaking TAP:
//
//   node tests/ui/run.mjs FILE.test.ts   bundles the file and hands it to Node's test runner
//   node tests/ui/run.mjs --types        checks the types of the page and of its tests
//
// Where the page's packages could not be installed (a build with the plain page), it skips.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ui = fileURLToPath(new URL('../../ui', import.meta.url));

function run(args) {
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}

function checkTypes() {
  const tsc = join(ui, 'node_modules/typescript/bin/tsc');
  const done = spawnSync(process.execPath, [tsc, '--project', ui], { encoding: 'utf8' });
  console.log('1..1');
  console.log(`${done.status === 0 ? 'ok' : 'not ok'} 1 types`);
  for (const line of done.stdout.split('\n').filter(Boolean)) console.log(`# ${line}`);
  return done.status ?? 1;
}

function runTests(file) {
  const { buildSync } = createRequire(join(ui, 'package.json'))('esbuild');
  const folder = mkdtempSync(join(tmpdir(), 'haechi-ui-'));
  const bundled = join(folder, basename(file).replace(/\.ts$/, '.mjs'));
  try {
    buildSync({
      entryPoints: [file],
      bundle: true,
      platform: 'node',
      target: 'node18',
      format: 'esm',
      outfile: bundled,
      logLevel: 'warning',
    });
    return run(['--test', '--test-reporter=tap', bundled]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (!existsSync(join(ui, 'node_modules/.installed'))) {
  console.log("1..0 # SKIP the page's packages are not installed");
} else {
  const [what] = process.argv.slice(2);
  process.exitCode = what === '--types' ? checkTypes() : runTests(what);
}
