// Runs the page's tests: bundles each given TypeScript file and hands them to Node's test runner,
// which speaks TAP.
//
//   node tests/ui/run.mjs FILE.ts...

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ui = fileURLToPath(new URL('../../ui/package.json', import.meta.url));
const { buildSync } = createRequire(ui)('esbuild');

const files = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'haechi-ui-'));
try {
  buildSync({
    entryPoints: files,
    bundle: true,
    platform: 'node',
    target: 'node18',
    format: 'esm',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });
  const bundled = files.map((file) => join(folder, basename(file).replace(/\.ts$/, '.mjs')));
  const done = spawnSync(process.execPath, ['--test', '--test-reporter=tap', ...bundled], {
    stdio: 'inherit',
  });
  process.exitCode = done.status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
