// `npm test [filter…]`: everything that can run on this machine, one project after the other so that timing-sensitive suites run
// alone. Says loudly what was left out, and ends on the line that CI reads.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Assertion {
  readonly status: string;
  readonly fullName: string;
}
interface Report {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly Assertion[];
  }[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const folder = mkdtempSync(join(tmpdir(), 'halfopen-test-'));
const filters = process.argv.slice(2);
const skipped: string[] = [];
const failed: string[] = [];
/** Those of the skipped that need a container engine; their names say what is missing. */
const withContainers: string[] = [];
let passed = 0;
let hasCrashed = false;

for (const project of ['unit', 'integration', 'containers']) {
  const file = join(folder, `${project}.json`);
  const args = [
    vitest,
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    '--passWithNoTests',
    ...filters,
  ];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  const report = readReport(file);
  if (report === null) {
    hasCrashed = true;
    continue;
  }
  const before = failed.length;
  const skippedBefore = skipped.length;
  count(report);
  if (project === 'containers') withContainers.push(...skipped.slice(skippedBefore));
  // vitest also fails for errors outside of any test.
  if (status !== 0 && failed.length === before) failed.push(`${project}: vitest exited with ${status}`);
}
rmSync(folder, { recursive: true, force: true });

for (const name of skipped) process.stdout.write(`SKIPPED ${name}\n`);
for (const name of failed) process.stdout.write(`FAILED ${name}\n`);
if (withContainers.length > 0) {
  const reasons = new Set(withContainers.map((name) => /\[skipped: (.*?)\](?: |$)/.exec(name)?.[1] ?? 'their files say why'));
  process.stdout.write(`${withContainers.length} tests with containers were skipped: ${[...reasons].join('; ')}\n`);
}
if (skipped.length > 0 && process.env['CI'] === 'true') {
  process.stdout.write('Nothing may be skipped in CI: install what is missing in .ci/run\n');
  failed.push(...skipped);
}
const nothingRan = passed === 0 && filters.length === 0;
process.stdout.write(
  `${passed} passed, ${failed.length + (hasCrashed ? 1 : 0)} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}\n`,
);
process.exitCode = failed.length > 0 || hasCrashed || nothingRan ? 1 : 0;

function readReport(file: string): Report | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch (error) {
    process.stderr.write(`test: no report of vitest: ${(error as Error).message}\n`);
    return null;
  }
}

function count(report: Report): void {
  for (const suite of report.testResults) {
    if (suite.status === 'failed' && suite.assertionResults.every(({ status }) => status !== 'failed'))
      failed.push(`${suite.name}: ${suite.message ?? ''}`);
    for (const { status, fullName } of suite.assertionResults) {
      if (status === 'passed') passed++;
      else if (status === 'failed') failed.push(fullName);
      else skipped.push(fullName);
    }
  }
}
