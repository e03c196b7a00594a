import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Outcome, ScenarioOutcome } from '../../harness/model/outcome.ts';
import type { Twin } from './twins.ts';

// Through the CLI as a user runs it. A run that the machine was too busy for says so itself (exit 4): it is tried again, loudly. A wrong
// verdict never is.
const ATTEMPTS = 3;
const root = join(import.meta.dirname, '../..');

export interface CliRun {
  readonly code: number | null;
  readonly text: string;
  readonly scenario: ScenarioOutcome;
  /** The HTML report; null where none was asked for. */
  readonly report: string | null;
}

async function halfopen(name: string, more: readonly string[]): Promise<CliRun> {
  const output = mkdtempSync(join(tmpdir(), 'halfopen-corpus-test-'));
  try {
    const always = ['--pace', 'fast', '--output', output, '--reporter', 'json,terminal'];
    const args = [join(root, 'bin/halfopen.js'), 'run', name, ...always, ...more];
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const [code] = (await once(child, 'exit')) as [number | null];
    const outcome = JSON.parse(readFileSync(join(output, 'outcome.json'), 'utf8')) as Outcome;
    const report = join(output, 'report.html');
    return { code, text, scenario: outcome.scenarios[0]!, report: existsSync(report) ? readFileSync(report, 'utf8') : null };
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

async function untilDecided(name: string, more: readonly string[]): Promise<CliRun> {
  for (let attempt = 1; ; attempt++) {
    const run = await halfopen(name, more);
    if (run.code !== 4 || attempt === ATTEMPTS) return run;
    console.warn(
      `${name} ${more.join(' ')}: attempt ${attempt} of ${ATTEMPTS} was ${run.scenario.verdict} (seed ${run.scenario.seed}): ${run.scenario.sentence}`,
    );
  }
}

/** Runs a scenario on the correct shop: it passes, and more than guards did. */
export async function expectPass(name: string, ...more: readonly string[]): Promise<void> {
  await passingRun(name, ...more);
}

/** The same, for those who look at more of the run. */
export async function passingRun(name: string, ...more: readonly string[]): Promise<CliRun> {
  const run = await untilDecided(name, more);
  const { code, text, scenario } = run;
  expect(scenario.verdict, text).toBe('pass');
  expect(code).toBe(0);
  expect(scenario.findings.filter(({ guard }) => !guard).length).toBeGreaterThan(2);
  return run;
}

/** Runs a broken twin: it fails by the expectation that is to catch it, and the report says so first. */
export async function expectCaught({ scenario: name, service, defect, mustFail }: Twin, ...more: readonly string[]): Promise<void> {
  const { code, text, scenario } = await untilDecided(name, [...more, '--set', `${service}.DEFECT=${defect}`]);
  const failed = scenario.findings.filter(({ verdict }) => verdict === 'fail');
  expect(
    failed.some((finding) => mustFail.some(({ check, subject }) => finding.check === check && finding.subject === subject)),
    text,
  ).toBe(true);
  expect(code, text).toBe(1);
  // What a reader sees first: the failed expectation with expected and measured, and the command that replays it.
  const [first] = failed;
  expect(text).toContain(first?.sentence);
  expect(text).toContain(`--seed ${scenario.seed}`);
  expect(text).toContain(`--set ${service}.DEFECT=${defect}`);
}
