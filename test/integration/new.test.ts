/**
 * Goal: contributing is a recipe that runs. In a copy of this repository one kind of each sort is made; everything must then compile, and
 * the contract suites, which never heard of the new rows, must pass over them.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'halfopen-new-'));
const LEFT_OUT = ['.git', 'node_modules', 'dist', 'reports', '.ci'];

const MADE = {
  fault: ['packet-loss', 'harness/run/faults/packet-loss.ts'],
  check: ['queue-drains', 'harness/analysis/checks/queue-drains.ts'],
  probe: ['actuator', 'harness/run/probes/actuator.ts'],
  reporter: ['step-summary', 'harness/report/step-summary.ts'],
  environment: ['kubernetes', 'harness/run/environments/kubernetes.ts'],
  load: ['vegeta', 'harness/run/load/vegeta.ts'],
  command: ['watch', 'harness/cli/watch.ts'],
} as const;

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

function run(args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, UPDATE: '' },
  });
  return { status, output: stdout + stderr };
}

beforeAll(() => {
  cpSync(root, copy, { recursive: true, filter: (path) => !LEFT_OUT.includes(relative(root, path).split('/')[0] ?? '') });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

it.each(Object.entries(MADE))('%s: one is made, and a second one of its name is refused', (kind, [name, file]) => {
  expect(run(['scripts/new.ts', kind, name])).toMatchObject({ status: 0 });
  expect(readFileSync(join(copy, file), 'utf8')).not.toMatch(/\[object|\$\{(names|kebab|camel|pascal|words)\b/);
  const again = run(['scripts/new.ts', kind, name]);
  expect(again.status).toBe(2);
  expect(again.output).toContain(`${file} as it is there already`);
});

it('a wrong call makes nothing and says what is possible', () => {
  for (const args of [[], ['fault'], ['fualt', 'x'], ['fault', 'a', 'b']]) {
    const { status, output } = run(['scripts/new.ts', ...args]);
    expect([status, output.split('\n')[0]]).toEqual([2, expect.stringContaining('fault|check|probe|reporter|environment|load|command')]);
  }
  const { status, output } = run(['scripts/new.ts', 'fault', 'PacketLoss']);
  expect([status, output]).toEqual([2, expect.stringContaining("'name' must be lower case with dashes")]);
  expect(existsSync(join(copy, 'harness/run/faults/PacketLoss.ts'))).toBe(false);
});

it('all that was made compiles and is formatted', () => {
  expect(run(['node_modules/typescript/bin/tsc', '-p', '.'])).toEqual({ status: 0, output: '' });
  const files = Object.values(MADE).map(([, file]) => file);
  expect(run(['node_modules/prettier/bin/prettier.cjs', '--check', ...files])).toMatchObject({ status: 0 });
});

it('all that was made keeps its contract, the shape of the project and the list of its names', () => {
  const suites = ['test/contracts', 'test/architecture.test.ts', 'test/api.test.ts'];
  const report = join(copy, 'vitest.json');
  const { output } = run([
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    'unit',
    '--reporter=json',
    `--outputFile=${report}`,
    ...suites,
  ]);
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    readonly testResults: readonly {
      readonly name: string;
      readonly message: string;
      readonly assertionResults: readonly {
        readonly status: string;
        readonly fullName: string;
        readonly failureMessages?: readonly string[];
      }[];
    }[];
  };
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const crashed = testResults
    .filter(({ assertionResults }) => assertionResults.length === 0)
    .map(({ name, message }) => `${basename(name)}: ${message}`);
  expect(
    [
      ...crashed,
      ...tests
        .filter(({ status }) => status !== 'passed')
        .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages?.[0]?.split('\n')[0] ?? ''}`),
    ],
    output,
  ).toEqual([]);
  for (const [name] of Object.values(MADE)) {
    const camel = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    expect(tests.filter(({ fullName }) => fullName.includes(name) || fullName.includes(camel)).length, name).toBeGreaterThan(0);
  }
});
