/**
 * Goal: a scenario whose load is a team's own k6 script runs through the command line, is judged by the same checks as any other, and its
 * thresholds stand beside the verdict without changing it. With a real k6 and the shop's real services.
 */
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../harness/analysis/analyze.ts';
import { thresholds } from '../../harness/analysis/checks/thresholds.ts';
import type { Outcome } from '../../harness/model/outcome.ts';
import { loadRecording } from '../../harness/recording/index.ts';
import { judge } from '../../harness/verdict/judge.ts';
import { halfopen, readJson, repository, runFolder, temporaryFolder, temporaryProject, type Ended } from '../cli/halfopen.ts';
import { k6AtHand } from './k6-at-hand.ts';

const TIMEOUT_MS = 120_000;
const { executable, lack } = await k6AtHand();
if (lack !== null) console.warn(`k6-script-run.test.ts is left out: ${lack}`);

/** What is tested here is no timing: the machine may be as busy as it likes. */
const PATIENT = { sentinelP95MsMax: 1000, startLagP99MsMax: 1000, loopDelayP99MsMax: 1000, baselineDriftRatioMax: 100 };
const ATTEMPTS = 3;

/** A project with the shop and one scenario, its text changed where a test asks for it. */
function projectWith(...changes: readonly (readonly [from: string | RegExp, to: string])[]): string {
  const moved = [['../../scenarios/shop.system.ts', './shop.system.ts'], ...changes] as const;
  const scenario = moved.reduce(
    (text, [from, to]) => {
      if (text.replace(from, to) === text) throw new Error(`the scenario has no ${from}`);
      return text.replace(from, to);
    },
    readFileSync(join(repository, 'fixtures/k6/own-script.chaos.ts'), 'utf8'),
  );
  const folder = temporaryProject({
    'scenarios/shop.system.ts': readFileSync(join(repository, 'scenarios/shop.system.ts'), 'utf8'),
    'scenarios/own-script.chaos.ts': scenario,
    'halfopen.config.ts': `export default ${JSON.stringify({ scenarios: ['scenarios'], output: 'reports', k6: { executable }, guards: PATIENT })};`,
  });
  symlinkSync(join(repository, 'fixtures'), join(folder, 'fixtures'));
  return folder;
}

interface Run extends Ended {
  readonly outcome: Outcome['scenarios'][number];
  readonly output: string;
}

async function runIn(folder: string, ...args: readonly string[]): Promise<Run> {
  for (let attempt = 1; ; attempt++) {
    const output = temporaryFolder();
    const ended = await halfopen(['run', 'own-script', '--pace', 'fast', '--seed', '7', '--output', output, ...args], { cwd: folder });
    const path = join(output, 'outcome.json');
    const outcome = existsSync(path) ? (readJson(path) as Outcome).scenarios[0] : undefined;
    if (outcome === undefined) throw new Error(`no outcome: ${ended.stdout}${ended.stderr}`);
    if (ended.code !== 4 || attempt === ATTEMPTS) return { ...ended, outcome, output };
    console.warn(`own-script could not be judged, trying again: ${outcome.sentence}`);
  }
}

let correct: Promise<Run> | undefined;

/** One run of the scenario as it is, for all who look at it. */
function correctRun(): Promise<Run> {
  correct ??= runIn(projectWith());
  return correct;
}

describe.skipIf(lack !== null)('a scenario by a k6 script of one’s own', () => {
  test('passes on a correct shop, though thresholds were crossed during the fault', { timeout: TIMEOUT_MS }, async () => {
    const { code, stdout, outcome } = await correctRun();
    expect(outcome.sentence).toMatch(/All 5 expectations held/);
    expect(code).toBe(0);
    expect(outcome.findings.find(({ check }) => check === 'load-was-offered')).toMatchObject({ verdict: 'pass' });
    const reported = outcome.findings.filter((finding) => finding.reported === true);
    // Six thresholds, each over the run and in three phases.
    expect(reported).toHaveLength(24);
    expect(reported.filter(({ verdict }) => verdict === 'fail').map(({ sentence }) => sentence)).toEqual(
      expect.arrayContaining([expect.stringMatching(/stale_quotes: count<1 was crossed during fault .*judged by halfopen/)]),
    );
    expect(reported.find(({ sentence }) => sentence.includes('stale_quotes: count<1 was crossed over the whole run'))?.sentence).toContain(
      'judged by k6 itself',
    );
    expect(stdout).toMatch(/script's thresholds, reported only: \d+ of 24 crossed, 0 without samples; the first: /);
  });

  test('fails on a shop whose breaker never opens, whatever the thresholds say', { timeout: TIMEOUT_MS }, async () => {
    // Nothing is asked of the time after the fault.
    const short = projectWith(
      ["recovery: '9s'", "recovery: '1s'"],
      [/ *recovery\(\{.*\n/, ''],
      ["stalenessMax: '8s'", "stalenessMax: '5s'"],
    );
    const { code, outcome } = await runIn(short, '--set', 'orders.DEFECT=never-opens');
    expect(outcome.verdict).toBe('fail');
    expect(code).toBe(1);
    expect(outcome.findings.find(({ check }) => check === 'opens')).toMatchObject({ verdict: 'fail' });
    expect(outcome.findings.some(({ reported, verdict }) => reported === true && verdict === 'pass')).toBe(true);
  });

  test('fails by a threshold only where one is expected to be kept', { timeout: TIMEOUT_MS }, async () => {
    const { outcome, output } = await correctRun();
    expect(outcome.findings.find(({ check }) => check === 'thresholds')).toMatchObject({ verdict: 'pass' });
    const recording = loadRecording(join(runFolder(output, 'own-script'), 'recording.sqlite'));
    const { verdict, findings } = judge(analyze(recording, [...recording.run.plan.expectations, thresholds({ during: 'fault' })]));
    expect(findings.filter((finding) => finding.verdict === 'fail' && finding.reported !== true).map(({ check }) => check)).toEqual([
      'thresholds',
    ]);
    expect(findings.findLast(({ check }) => check === 'thresholds')?.sentence).toMatch(
      /The script's own thresholds were crossed during fault: .*stale_quotes: count<1/,
    );
    expect(verdict).toBe('fail');
  });

  test('is refused before anything starts where the script is not there or does not load', { timeout: TIMEOUT_MS }, async () => {
    const absent = await halfopen(['run', 'own-script'], { cwd: projectWith(['fixtures/k6/checkout.js', 'fixtures/k6/gone.js']) });
    expect(absent.code).toBe(2);
    expect(absent.stderr + absent.stdout).toMatch(/load\.file: expected a file that is there.*gone\.js/);
    const broken = await halfopen(['run', 'own-script'], {
      cwd: projectWith(['fixtures/k6/checkout.js', 'fixtures/k6/data/assortment.json']),
    });
    // The driver looks at its script within the run.
    expect([2, 3]).toContain(broken.code);
    expect(broken.stderr + broken.stdout).toMatch(/as the load as k6 must be able to load it: k6 ended with code 107/);
  });
});
