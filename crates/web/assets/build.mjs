// Builds the pages' script and style sheet into the folder given as the argument (default: dist).
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, 'dist'));
mkdirSync(out, { recursive: true });

await build({
  absWorkingDir: here,
  entryPoints: ['src/app.ts', 'src/link.ts', 'src/worker.ts'],
  outdir: out,
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['chrome111', 'firefox128', 'safari16.4'],
  legalComments: 'inline',
  logLevel: 'warning',
});

const cli = join(here, 'node_modules/@tailwindcss/cli/dist/index.mjs');
const css = spawnSync(process.execPath, [cli, '--input', 'src/app.css', '--output', join(out, 'app.css'), '--minify'], {
  cwd: here,
  stdio: ['ignore', 'ignore', 'pipe'],
});
if (css.status !== 0) {
  process.stderr.write(css.stderr ?? 'tailwindcss did not start\n');
  process.exit(1);
}
copyFileSync(join(here, 'src/favicon.svg'), join(out, 'favicon.svg'));
