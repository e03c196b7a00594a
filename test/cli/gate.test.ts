// Goal: `gate` answers by exit code and sentence whatever is stored, and no missing or broken data opens it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Measured, RunStatistics } from '../../harness/model/run-statistics.ts';
import { faultOf, runOf, type RunSketch } from '../unit/gate/runs.ts';
import { halfopen, temporaryProject } from './halfopen.ts';

const SLO = { name: 'fast', objective: 'recovery', bound: '8s' };
const config = (slos: unknown): string =>
  `import { defineConfig } from 'halfopen';\nexport default defineConfig({ output: 'results', slos: ${JSON.stringify(slos)} });\n`;

function project(slos: unknown = [SLO], files: Readonly<Record<string, string>> = {}): string {
  return temporaryProject({ 'halfopen.config.ts': config(slos), ...files });
}

/** Stores runs as `halfopen run` does: a folder each, with its outcome. */
function store(folder: string, count: number, measured: Measured, sketch: RunSketch & { readonly from?: number } = {}): void {
  const { from = 0, ...rest } = sketch;
  for (let index = from; index < from + count; index++) {
    const statistics = runOf({
      runId: `run-${index}`,
      startedAt: new Date(1_767_225_600_000 + index * 60_000).toISOString(),
      faults: [faultOf({ recovery: { ...measured, resolutionMs: 250 } })],
      ...rest,
    });
    write(join(folder, 'results', statistics.scenario.name, `run-${index}`, 'outcome.json'), JSON.stringify(outcomeOf(statistics)));
  }
}

function outcomeOf(statistics: RunStatistics): object {
  const { scenario, runId, seed, environment } = statistics;
  const run = {
    name: scenario.name,
    title: 'A title',
    verdict: 'pass',
    sentence: 'All held.',
    seed,
    environment,
    runId,
    folder: '',
    durationMs: 1,
  };
  return { schemaVersion: 1, verdict: 'pass', scenarios: [{ ...run, replay: '', findings: [], statistics }] };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const gate = (cwd: string, ...words: readonly string[]) => halfopen(['gate', ...words], { cwd });

describe('gate', () => {
  test('without a stored run: 5, and what to do', async () => {
    const { code, stderr } = await gate(project());
    expect(code).toBe(5);
    expect(stderr).toContain('npx halfopen run --repeat 20');
  });

  test('without an SLO and without a baseline: 2', async () => {
    const { code, stderr } = await gate(project([]));
    expect(code).toBe(2);
    expect(stderr).toContain('config › slos: expected at least one SLO, a file with --slo, or a baseline with --baseline');
  });

  test('59 runs in time: 0; one run less: 4, with the command that makes it', async () => {
    const cwd = project();
    store(cwd, 59, { value: 2000 });
    const passed = await gate(cwd);
    expect(passed.code, passed.stderr).toBe(0);
    expect(passed.stdout).toContain('✓ the gate says: pass');
    rmSync(join(cwd, 'results/outage/run-58'), { recursive: true });
    const { code, stdout } = await gate(cwd);
    expect(code).toBe(4);
    expect(stdout).toContain('→ 1 more: npx halfopen run outage --repeat 1');
  });

  test('runs that recover too late: 1; as JSON with the numbers', async () => {
    const cwd = project();
    store(cwd, 4, { value: 9000 });
    const { code, stdout } = await gate(cwd, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      answer: 'fail',
      findings: [
        { name: 'fast', scenario: 'outage', answer: 'fail', counts: { met: 0, missed: 4, unclear: 0 }, values: [9000, 9000, 9000, 9000] },
      ],
    });
  });

  test('runs that never recover: 1, and they are no number', async () => {
    const cwd = project();
    store(cwd, 4, { censoredAtMs: 15_000 });
    const { code, stdout } = await gate(cwd);
    expect(code).toBe(1);
    expect(stdout).toContain('0 of 4 runs had at most 8 s, 4 not before the run ended');
  });

  test.each([
    ['is cut off', '{"schemaVersion": 1, "scena'],
    ['is of another version', '{"schemaVersion": 9, "scenarios": []}'],
    [
      'has no statistics, and its recording is gone',
      JSON.stringify({ schemaVersion: 1, verdict: 'pass', scenarios: [{ name: 'outage' }] }),
    ],
    [
      'has statistics with a number that is none',
      JSON.stringify(outcomeOf(runOf({ faults: [faultOf({ recovery: { value: null as never, resolutionMs: 1 } })] }))),
    ],
  ])('a result that %s counts as no evidence, and is named', async (_, text) => {
    const cwd = project();
    store(cwd, 1, { value: 2000 });
    for (let index = 0; index < 3; index++) write(join(cwd, `results/outage/broken-${index}/outcome.json`), text);
    const { code, stdout } = await gate(cwd);
    expect(code).toBe(4);
    expect(stdout).toContain('3 more runs are invalid');
    expect(stdout).toContain('results/outage/broken-0');
  });

  test('results of another scenario leave an SLO that names one unanswered: 4', async () => {
    const cwd = project([{ ...SLO, scenarios: { names: ['slow'] } }]);
    store(cwd, 80, { value: 2000 });
    const { code, stdout } = await gate(cwd);
    expect(code).toBe(4);
    expect(stdout).toContain('slow: there is no stored run of it');
  });

  test('SLOs of files: all problems of all files at once, by file and field: 2', async () => {
    const cwd = project(['slos'], {
      'slos/a.slo.json': JSON.stringify([
        { ...SLO, bound: 'soon' },
        { ...SLO, name: 'other', confidance: 0.9 },
      ]),
      'slos/b.slo.json': '{ "name": ',
    });
    const { code, stderr } = await gate(cwd);
    expect(code).toBe(2);
    expect(stderr).toMatch(/slos\/a\.slo\.json › \[0\]\.bound: expected a time above 0/);
    expect(stderr).toMatch(/slos\/a\.slo\.json › \[1\]\.confidance/);
    expect(stderr).toMatch(/slos\/b\.slo\.json.*expected JSON/);
  });

  test('a path of SLOs that does not exist: 2', async () => {
    const { code, stderr } = await gate(project(['nowhere']));
    expect(code).toBe(2);
    expect(stderr).toMatch(/nowhere: expected a file or a folder with files \*\.slo\.json, found nothing of that name/);
  });

  test('shards: several folders are one set of runs, and one that is named twice counts once', async () => {
    const [one, other] = [project(), project()];
    store(one, 30, { value: 2000 });
    store(other, 29, { value: 2000 }, { from: 30 });
    const [a, b] = [join(one, 'results'), join(other, 'results')];
    expect((await gate(one, a, b)).code).toBe(0);
    expect((await gate(one, a, a)).code).toBe(4);
  });
});

describe('baselines', () => {
  test('what was saved passes beside itself, and a run that got slower fails', async () => {
    const cwd = project([]);
    store(cwd, 10, { value: 2000 });
    const saved = await halfopen(['baseline', 'save'], { cwd });
    expect(saved.code, saved.stderr).toBe(0);
    expect(saved.stdout).toContain('baselines/main.baseline.json');
    expect((await gate(cwd, '--baseline', 'main')).code).toBe(0);
    rmSync(join(cwd, 'results'), { recursive: true });
    store(cwd, 10, { value: 3500 }, { from: 100 });
    const { code, stdout } = await gate(cwd, '--baseline', 'main');
    expect(code).toBe(1);
    expect(stdout).toContain('median 3.5 s now, median 2 s before; worse by +75 %');
    const listed = await halfopen(['baseline', 'list'], { cwd });
    expect(listed.stdout).toMatch(/^main {2}\S+ {2}10 runs of 1 scenario$/m);
    const shown = await halfopen(['baseline', 'show', 'main', '--json'], { cwd });
    expect((JSON.parse(shown.stdout) as { runs: unknown[] }).runs).toHaveLength(10);
  });

  test('none that is valid to keep: 5; an unknown one: 2, with those that there are', async () => {
    const cwd = project([]);
    mkdirSync(join(cwd, 'results'));
    expect((await halfopen(['baseline', 'save'], { cwd })).code).toBe(5);
    store(cwd, 1, { value: 2000 });
    await halfopen(['baseline', 'save', 'nightly'], { cwd });
    const { code, stderr } = await gate(cwd, '--baseline', 'nightli');
    expect(code).toBe(2);
    expect(stderr).toContain('there is nightly');
  });

  test.each([
    ['another schema version', { schemaVersion: 2, runs: [] }, "'schemaVersion' must be 1: current value is 2"],
    ['no statistics', { schemaVersion: 1, name: 'main', runs: [{ schemaVersion: 1 }] }, 'runs[0]'],
    ['no list of runs', { schemaVersion: 1, name: 'main', runs: 7 }, 'runs: expected a list of statistics, found 7'],
  ])('a file with %s: 2, and what is wrong', async (_, content, sentence) => {
    const cwd = project([], { 'baselines/main.baseline.json': JSON.stringify(content) });
    store(cwd, 10, { value: 2000 });
    const { code, stderr } = await gate(cwd, '--baseline', 'main');
    expect(code, stderr).toBe(2);
    expect(stderr).toContain(sentence);
  });

  test('a tolerance that is none: 2', async () => {
    const { code, stderr } = await gate(project(), '--tolerance', 'a bit');
    expect(code).toBe(2);
    expect(stderr).toContain('--tolerance: expected percent from 0 to 1000, such as 20, found "a bit"');
  });
});
