// Goal: the steps that docs/ci shows work as they stand, in a project of their own, with a shell like the one that runs them there.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Outcome } from '../../harness/model/outcome.ts';
import { fixture, repository, temporaryProject, type Ended } from './halfopen.ts';

interface Step {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
}

const SHARDS = [1, 2, 3];
/** As many runs as there are shards: the steps are tried, not the system. */
const RUNS = '--repeat 3';

function template(file: string): unknown {
  return parse(readFileSync(join(repository, 'docs/ci', file), 'utf8'));
}

/** The steps that call halfopen: of each shard's job, and of the job after them. */
function githubSteps(): { readonly shards: readonly Step[]; readonly after: readonly Step[] } {
  const { jobs } = template('github.yml') as {
    readonly jobs: Readonly<Record<'run' | 'gate', { readonly steps: readonly { readonly run?: string; readonly env?: Step['env'] }[] }>>;
  };
  const calls = (steps: (typeof jobs)['run']['steps'], shard: number): readonly Step[] =>
    steps.flatMap(({ run = '', env = {} }) => (run.includes('halfopen') ? [{ script: run, env: filled(env, shard) }] : []));
  return { shards: SHARDS.flatMap((shard) => calls(jobs.run.steps, shard).map(intoDownloads(shard))), after: calls(jobs.gate.steps, 0) };
}

function filled(env: Step['env'], shard: number): Step['env'] {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace('${{ matrix.shard }}', String(shard))]));
}

/** Artifacts of the shards come to the job after them in a folder each. */
function intoDownloads(shard: number): (step: Step) => Step {
  return ({ script, env }) => ({ script: script.replace('--output shard', `--output shards/shard-${shard}`), env });
}

function gitlabSteps(): ReturnType<typeof githubSteps> {
  const { chaos, gate } = template('gitlab.yml') as Readonly<Record<'chaos' | 'gate', { readonly script: readonly string[] }>>;
  const env = (shard: number): Step['env'] => ({ CI_NODE_INDEX: String(shard), CI_NODE_TOTAL: String(SHARDS.length) });
  return {
    shards: SHARDS.flatMap((shard) => chaos.script.map((script) => ({ script, env: env(shard) }))),
    after: gate.script.map((script) => ({ script, env: {} })),
  };
}

/** A project with one scenario that is to be released, and halfopen installed. */
function releasedProject(): string {
  const copied = ['front.ts', 'back.ts', 'scenarios/pair.load.ts', 'scenarios/pair.system.ts'];
  const text = (path: string): string => readFileSync(join(fixture, path), 'utf8');
  const folder = temporaryProject({
    ...Object.fromEntries(copied.map((path) => [path, text(path)])),
    'scenarios/holds.chaos.ts': text('scenarios/holds.chaos.ts').replace('@good', '@release'),
    'halfopen.config.ts': text('halfopen.config.ts').replace(
      "scenarios: ['scenarios'],",
      "scenarios: ['scenarios'],\n  slos: [{ name: 'served', objective: 'availability', during: 'recovery', bound: 0.5 }],",
    ),
  });
  mkdirSync(join(folder, 'node_modules/.bin'));
  symlinkSync(join(repository, 'bin/halfopen.js'), join(folder, 'node_modules/.bin/halfopen'));
  return folder;
}

async function shell({ script, env }: Step, cwd: string): Promise<Ended> {
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const inherited = { PATH: path, HOME: process.env['HOME'] ?? '', CI: 'true' };
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', script.replace('--repeat 60', RUNS)], { cwd, env: { ...inherited, ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  return { code: await promise, stdout, stderr };
}

test.each([
  ['github.yml', githubSteps],
  ['gitlab.yml', gitlabSteps],
] as const)('the steps of %s run, and its gate says what so few runs can tell', async (_, stepsOf) => {
  const cwd = releasedProject();
  const { shards, after } = stepsOf();
  expect(shards).toHaveLength(SHARDS.length);
  expect(after).toHaveLength(2);
  for (const step of shards) {
    expect(step.script).toContain('--repeat 60');
    const { code, stdout, stderr } = await shell(step, cwd);
    expect(code, stdout + stderr).toBe(0);
  }
  const [merge, gate] = after as [Step, Step];
  const merged = await shell(merge, cwd);
  expect(merged.code, merged.stdout + merged.stderr).toBe(0);
  const { scenarios } = JSON.parse(readFileSync(join(cwd, 'reports/outcome.json'), 'utf8')) as Outcome;
  expect(scenarios).toHaveLength(SHARDS.length);
  expect(existsSync(join(cwd, 'reports/report.html'))).toBe(true);
  expect((await shell(gate, cwd)).code, 'no baseline yet').toBe(2);
  expect((await shell({ script: 'npx halfopen baseline save main reports', env: {} }, cwd)).code).toBe(0);
  const { code, stdout } = await shell(gate, cwd);
  expect(code, stdout).toBe(4);
  expect(stdout).toContain('59 runs would do');
});
