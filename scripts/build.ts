// Builds what is published: the report's viewer and what runs inside k6 (one string each), then dist/ with JavaScript and declarations, and
// the Go sources that `halfopen k6 build` builds k6 from.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(name: string, args: readonly string[]): void {
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    process.stderr.write(`build: ${name} failed${error === undefined ? '' : `: ${error.message}`}\n`);
    process.exit(1);
  }
}

run('the report viewer', ['scripts/build-viewer.ts']);
run('the k6 runners', ['scripts/build-runner.ts']);
rmSync(`${root}dist`, { recursive: true, force: true });
const tsc = `${root}node_modules/typescript/bin/tsc`;
if (!existsSync(tsc)) throw new Error(`Cannot build as ${tsc} must exist: run npm ci first`);
run('tsc', [tsc, '-p', 'tsconfig.build.json']);

const extension = 'run/load/k6/extension';
cpSync(`${root}harness/${extension}`, `${root}dist/${extension}`, { recursive: true, filter: (path) => !path.endsWith('_test.go') });
